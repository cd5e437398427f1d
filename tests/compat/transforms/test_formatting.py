"""Tests of :mod:`mmpretrain.compat.transforms.formatting`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.datasets.transforms import (
    Collect,
    Compose,
    ImageToTensor,
    ToTensor,
)
from mmpretrain.errors import DataError
from tests.datasets.transforms.wrapper_cases import image


def test_0x_endings():
    steps = [
        dict(type="Resize", size=(20, -1)),
        dict(type="CenterCrop", crop_size=16),
        dict(type="Normalize", mean=[0, 0, 0], std=[255, 255, 255], to_rgb=True),
        dict(type="ImageToTensor", keys=["img"]),
        dict(type="ToTensor", keys=["gt_label", "nested.value"]),
        dict(type="Collect", keys=["img", "gt_label"], meta_keys=["ori_shape", "absent"]),
    ]
    out = Compose(steps)(dict(img=image(), gt_label=3, nested=dict(value=1.5), ori_shape=(32, 40)))
    assert out["img"].shape == (3, 16, 16)
    assert out["img"].dtype == torch.float32
    assert out["img"].max() <= 1
    assert out["gt_label"].tolist() == [3]
    assert out["img_metas"] == dict(ori_shape=(32, 40))
    assert Collect(["img"])(dict(img=1, x=2)) == dict(img=1)
    assert ImageToTensor(["img"])(dict(img=image()[..., 0]))["img"].shape == (1, 32, 40)
    with pytest.raises(DataError, match="nested"):
        ToTensor(["nested.value"])(dict(img=1))
