"""Tests of :mod:`mmpretrain.datasets.transforms.from_torchvision`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from mmpretrain.datasets.transforms import from_torchvision
from mmpretrain.datasets.transforms.from_torchvision import TorchvisionTransform


class Resize:
    def __init__(self, size, interpolation=None, dtype=None):
        self.size, self.interpolation, self.dtype = size, interpolation, dtype

    def __call__(self, img):
        return img * self.size

    def __repr__(self):
        return f"Resize({self.size})"


def test_names_become_values(monkeypatch):
    modes = SimpleNamespace(InterpolationMode=lambda name: f"mode {name}")
    monkeypatch.setattr(from_torchvision, "optional_import", lambda name, feature: modes)
    transform = TorchvisionTransform(Resize, 2, interpolation="BICUBIC", dtype="float16")
    assert (transform.t.interpolation, transform.t.dtype) == ("mode bicubic", torch.float16)
    assert transform({"img": 3, "gt_label": 1}) == {"img": 6, "gt_label": 1}
    assert repr(transform) == "TorchVisionResize(2)"


def test_a_class_is_found_with_its_own_signature(monkeypatch):
    library = SimpleNamespace(Resize=Resize)
    monkeypatch.setattr(from_torchvision, "optional_import", lambda name, feature: library)
    build = from_torchvision.Resize
    assert build.__name__ == "torchvision/Resize"
    assert "size" in build.__signature__.parameters
    assert build(size=3)({"img": 2})["img"] == 6
    with pytest.raises(AttributeError):
        _ = from_torchvision._private
