"""Tests of :mod:`mmpretrain.datasets.transforms.selfsup`."""

from __future__ import annotations

import torch
from PIL import Image

from mmpretrain.datasets.transforms import (
    MAERandomResizedCrop,
)
from tests.datasets.transforms.wrapper_cases import image


def test_mae_crop():
    torch.manual_seed(0)
    crop = MAERandomResizedCrop((16, 20), interpolation=3)
    out = crop(dict(img=Image.fromarray(image())))["img"]
    assert out.size == (20, 16)
    boxes = [crop.get_params(Image.fromarray(image()), (0.5, 0.5), (1.0, 1.0)) for _ in range(5)]
    assert {(h, w) for _, _, h, w in boxes} == {(25, 25)}
