"""Tests of :mod:`mmpretrain.utils.optional`."""

from __future__ import annotations

import sys

import pytest
import torch

from mmpretrain.errors import OptionalDependencyError
from mmpretrain.utils import optional
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


def test_timm_beside_a_torch_that_pip_would_replace(monkeypatch):
    """PyPI's newest torchvision, which timm pulls in, brings its own torch of gigabytes."""
    monkeypatch.setattr(optional, "ON_TORCHVISION", ("no_such_package_at_all",))
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch, "__version__", "2.13.0+cpu")
    message = absent()
    assert (
        "pip install --no-deps no_such_package_at_all, and then: pip install --no-deps 'torchvision"
        in message
    )
    assert "pip replaces torch 2.13.0+cpu" in message
    monkeypatch.setattr(torch, "__version__", "2.13.0")  # PyPI's own
    assert "Run: pip install 'mmpretrain[timm]'" in absent()


def absent() -> str:
    with pytest.raises(OptionalDependencyError) as caught:
        optional_import("no_such_package_at_all", feature="TIMMBackbone", extra="timm")
    return str(caught.value)


def test_timm_without_torchvision(tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "__version__", "2.13.0+cpu")
    monkeypatch.setattr(torch.version, "cuda", None)
    error = "ModuleNotFoundError(\"No module named 'torchvision'\", name='torchvision')"
    message = failing(tmp_path, monkeypatch, error)
    assert "It needs the torchvision that was built for torch 2.13.0+cpu" in message
    assert "Run: pip install --no-deps 'torchvision==0.28.*'" in message
