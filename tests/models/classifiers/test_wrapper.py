"""Tests of :mod:`mmpretrain.models.classifiers.wrapper`."""

from __future__ import annotations

import sys

import pytest

from mmpretrain.errors import OptionalDependencyError
from mmpretrain.registry import MODELS


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(OptionalDependencyError, match="TIMMBackbone needs timm, which is not installed"):
        MODELS.build({"type": "TIMMBackbone", "model_name": "resnet18"})


def test_a_broken_package_is_named(monkeypatch, tmp_path):
    """As timm is, beside a torchvision that was built for another PyTorch."""
    (tmp_path / "timm.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "timm", raising=False)
    with pytest.raises(OptionalDependencyError, match=r"does not import here \(operator torchvision::nms"):
        MODELS.build({"type": "TimmClassifier", "model_name": "resnet18"})
