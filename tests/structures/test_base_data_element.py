"""Tests of :mod:`mmpretrain.structures.base_data_element`."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from mmpretrain.structures import BaseDataElement


def element() -> BaseDataElement:
    return BaseDataElement(metainfo={"img_shape": (4, 6)}, score=torch.ones(2), name="a")


class WithProperty(BaseDataElement):
    @property
    def boxes(self):
        return self._boxes

    @boxes.setter
    def boxes(self, value):
        self.set_field(value, "_boxes", dtype=torch.Tensor)


def test_fields_keep_kind_and_order():
    e = element()
    e.label = 3
    assert e.keys() == ["score", "name", "label"]
    assert e.all_keys() == ["img_shape", "score", "name", "label"]
    assert dict(e.items())["label"] == 3
    assert e.all_values()[0] == (4, 6)
    assert e.metainfo == {"img_shape": (4, 6)}
    assert "img_shape" in e
    assert "other" not in e
    with pytest.raises(AttributeError, match="metainfo field already"):
        e.img_shape = (1, 1)
    with pytest.raises(AttributeError, match="data field already"):
        e.set_metainfo({"label": 2})
    with pytest.raises(TypeError, match="'mask' must be of type"):
        e.set_field(3, "mask", dtype=torch.Tensor)


def test_removing():
    e = element()
    assert e.pop("name") == "a"
    assert e.pop("name", None) is None
    with pytest.raises(KeyError, match="not a field"):
        e.pop("name")
    del e.img_shape
    assert e.all_keys() == ["score"]
    assert e.get("img_shape", 7) == 7
    e.img_shape = 1  # free again, for the other kind too
    assert e.keys()[-1] == "img_shape"


def test_metainfo_is_copied_and_data_shared():
    meta = {"path": ["a"]}
    e = BaseDataElement(metainfo=meta, score=torch.zeros(1))
    meta["path"].append("b")
    other = e.clone()
    other.score += 1
    assert e.path == ["a"]
    assert e.score.item() == 1
    assert copy.deepcopy(e).score is not e.score
    assert e.new(metainfo={"a": 1}, b=2).to_dict() == {"a": 1, "b": 2}


def test_conversions_reach_nested_elements():
    e = element()
    e.child = BaseDataElement(x=torch.ones(1, requires_grad=True) * 2)
    assert e.to(torch.float64).child.x.dtype == torch.float64
    assert not e.detach().child.x.requires_grad
    assert isinstance(e.numpy().child.x, np.ndarray)
    assert isinstance(e.numpy().to_tensor().child.x, torch.Tensor)
    assert e.cpu().name == "a"
    assert e.to_dict()["child"]["x"] is e.child.x
    assert e.child.x.requires_grad, "the original is left alone"


def test_property_backed_field():
    e = WithProperty(boxes=torch.zeros(2, 4))
    assert e.keys() == ["boxes"]
    assert e.new().boxes.shape == (2, 4)
    with pytest.raises(TypeError, match="_boxes"):
        e.boxes = 3


def test_update_and_repr():
    e = BaseDataElement()
    e.update(element())
    text = repr(e)
    assert "META INFORMATION\n    img_shape: (4, 6)" in text
    assert "DATA FIELDS\n    score: tensor([1., 1.])" in text
    assert text.startswith("<BaseDataElement(")
