"""Tests of :mod:`mmpretrain.utils.optional`."""

from __future__ import annotations

import sys

import pytest
import torch

from mmpretrain.errors import OptionalDependencyError
from mmpretrain.utils.optional import optional_import


def failing(tmp_path, monkeypatch, error: str) -> str:
    (tmp_path / "broken_package.py").write_text(f"raise {error}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "broken_package", raising=False)
    with pytest.raises(OptionalDependencyError) as caught:
        optional_import("broken_package", feature="TIMMBackbone", extra="timm")
    return str(caught.value)


def test_an_absent_package_names_its_extra():
    with pytest.raises(OptionalDependencyError, match=r"not installed.*pip install 'mmpretrain\[timm\]'"):
        optional_import("no_such_package_at_all", feature="TIMMBackbone", extra="timm")


@pytest.mark.parametrize(
    ("version", "cuda", "says"),
    [
        ("2.13.0+cpu", None, "'torchvision==0.28.*' --index-url https://download.pytorch.org/whl/cpu"),
        ("2.5.1+cu124", "12.4", "'torchvision==0.20.*' --index-url https://download.pytorch.org/whl/cu124"),
    ],
)
def test_a_torchvision_of_another_torch(tmp_path, monkeypatch, version, cuda, says):
    """What PyPI's torchvision does beside a torch for CPUs, and how to get the one that fits."""
    monkeypatch.setattr(torch, "__version__", version)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    message = failing(tmp_path, monkeypatch, "RuntimeError('operator torchvision::nms does not exist')")
    assert says in message
    assert "pip install 'mmpretrain[timm]'" not in message


def test_another_failure_says_what_it_was(tmp_path, monkeypatch):
    message = failing(tmp_path, monkeypatch, "OSError('libnothing.so is absent')")
    assert "libnothing.so is absent" in message
