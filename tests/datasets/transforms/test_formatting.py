"""Tests of :mod:`mmpretrain.datasets.transforms.formatting`."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from mmpretrain.datasets.transforms import (
    PackInputs,
    PackMultiTaskInputs,
    to_tensor,
)
from tests.datasets.transforms.wrapper_cases import image


def test_pack_inputs():
    mask = np.ones((2, 2), int)
    packed = PackInputs(algorithm_keys=["extra"], meta_keys=["img_path", "absent"])(
        dict(
            img=image(), gt_label=[1, 2], gt_score=np.array([0.5, 0.5]), mask=mask, extra=7, img_path="x.jpg"
        )
    )
    assert torch.equal(packed["inputs"], torch.from_numpy(image()).permute(2, 0, 1))
    assert packed["inputs"].is_contiguous()
    sample = packed["data_samples"]
    assert sample.gt_label.tolist() == [1, 2]
    assert sample.gt_score.tolist() == [0.5, 0.5]
    assert sample.mask.shape == (2, 2)
    assert sample.extra == 7
    assert sample.metainfo == dict(img_path="x.jpg", num_classes=2)
    assert "inputs" not in PackInputs()(dict(gt_label=1))


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (image()[..., 0], (1, 32, 40)),
        (image()[:, ::-1], (3, 32, 40)),
        (image().astype(np.float32), (3, 32, 40)),
        (np.zeros((5, 32, 40, 3)), (5, 32, 40, 3)),
        (Image.fromarray(image()), (3, 32, 40)),
        (Image.fromarray(image()).convert("L"), (1, 32, 40)),
        (torch.zeros(3, 4, 5), (3, 4, 5)),
    ],
)
def test_inputs_of_any_kind(value, shape):
    assert tuple(PackInputs.format_input(value).shape) == shape
    assert [tuple(x.shape) for x in PackInputs.format_input([value, value])] == [shape, shape]


def test_pack_refuses_other_inputs():
    with pytest.raises(TypeError, match="str"):
        PackInputs.format_input("image")


def test_pack_multi_task_inputs():
    packed = PackMultiTaskInputs(["gt_label", "gt_score"], task_handlers=dict(b=dict(type="PackInputs")))(
        dict(img=image(), gt_label=dict(a=1, b=2), gt_score=dict(b=np.array([1.0, 0.0])), img_path="x")
    )
    assert packed["inputs"].shape == (3, 32, 40)
    sample = packed["data_samples"]
    assert sample.a.gt_label.tolist() == [1]
    assert sample.b.gt_score.tolist() == [1, 0]
    assert sample.b.img_path == "x"


def test_to_tensor():
    assert to_tensor(3).tolist() == [3]
    assert to_tensor(0.5).dtype == torch.float32
    assert to_tensor([1, 2]).tolist() == [1, 2]
    assert to_tensor(np.arange(3)).shape == (3,)
    with pytest.raises(TypeError, match="str"):
        to_tensor("a")


def test_crops_of_images_do_not_share_their_memory():
    views = [image()[2:12, 3:20], image()[5:15, 9:26], image()[2:12, 3:35], image()[5:15, 8:40]]
    packed = [PackInputs.format_input(view) for view in views]
    for view, tensor in zip(views, packed, strict=True):
        assert tensor.is_contiguous()
        assert torch.equal(tensor, torch.from_numpy(view.copy()).permute(2, 0, 1))
