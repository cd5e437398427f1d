"""Transforms made of transforms, packing, texts, and what came from 0.x."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.datasets.transforms import (
    ApplyToList,
    KeyMapper,
    MultiScaleFlipAug,
    MultiView,
    RandomCrop,
    TestTimeAug,
)
from mmpretrain.errors import DataError
from tests.datasets.transforms.wrapper_cases import Add, image


def test_key_mapper_maps_there_and_back():
    results = KeyMapper([Add(1)], mapping=dict(value="other"))(dict(other=5, value=0))
    assert results == dict(other=6, value=0)
    results = KeyMapper([Add(1)], mapping=dict(value="other"), remapping=dict(value="new"))(dict(other=5))
    assert results == dict(other=5, new=6)


def test_key_mapper_nested_hidden_and_absent_keys():
    def swap(results):
        return dict(pair=(results["pair"][1], results["pair"][0]), inner=results["inner"])

    mapper = KeyMapper(swap, mapping=dict(pair=("a", "b"), inner=dict(x="c")))
    assert mapper(dict(a=1, b=2, c=3)) == dict(a=2, b=1, c=3)
    hidden = KeyMapper(lambda r: dict(seen=sorted(r)), mapping=dict(value=...), remapping=dict(seen="seen"))
    assert hidden(dict(value=1, a=2))["seen"] == ["a"]
    lenient = KeyMapper(lambda r: r, mapping=dict(value="none"), allow_nonexist_keys=True)
    assert lenient(dict(a=1)) == dict(a=1)
    with pytest.raises(DataError, match="None"):
        KeyMapper([lambda r: None])(dict(a=1))


def test_multi_view_and_apply_to_list():
    views = MultiView([[RandomCrop(8)], [RandomCrop(6)]], [2, 1])(dict(img=image(), gt_label=1))
    assert [v.shape[0] for v in views["img"]] == [8, 8, 6]
    assert views["gt_label"] == 1
    apply = ApplyToList([Add(1), lambda r: {**r, "path": r["path"].upper()}], "path", ["value"])
    assert apply(dict(path=["a", "b"], value=1, x=2)) == dict(path=["A", "B"], value=[2, 2], x=2)
    assert apply(dict(path="a", value=1)) == dict(path="A", value=2)


def test_test_time_augmentation():
    aug = TestTimeAug(
        [[dict(type="Resize", scale=8), dict(type="Resize", scale=12)], [dict(type="PackInputs")]]
    )
    out = aug(dict(img=image(), gt_label=1))
    assert [tuple(x.shape) for x in out["inputs"]] == [(3, 8, 8), (3, 12, 12)]
    assert len(out["data_samples"]) == 2
    flips = MultiScaleFlipAug([dict(type="PackInputs")], scales=[(20, 16), (30, 24)], allow_flip=True)
    out = flips(dict(img=image()))
    assert len(out["inputs"]) == 4
    assert torch.equal(out["inputs"][0].flip(-1), out["inputs"][1])
    assert [s.flip for s in out["data_samples"]] == [False, True, False, True]
