"""Tests of :mod:`mmpretrain.datasets.transforms.functional.geometry`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.datasets.transforms import ResizeEdge
from mmpretrain.datasets.transforms.functional import geometry
from mmpretrain.datasets.transforms.functional.geometry import imresize
from mmpretrain.errors import DataError
from tests.datasets.transforms.pipeline_cases import photo


@pytest.mark.parametrize("dtype", [np.int32, np.int64, bool])
def test_pixels_that_cannot_be_resized(dtype):
    with pytest.raises(DataError, match="OpenCV cannot resize an image of"):
        imresize(np.zeros((4, 4), dtype=dtype), (2, 2), "bicubic")


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("shape", [(375, 500), (500, 375), (256, 256), (301, 733)])
def test_a_part_is_resized_as_the_whole(shape, interpolation):
    img = photo(*shape)
    resize = ResizeEdge(256, interpolation=interpolation)
    height, width = resize.window(shape).size
    middle = (height // 2 - 60, width // 2 - 90, 121, 150)
    for box in [(0, 0, 40, 50), middle, (height - 40, 3, 40, width - 3)]:
        scale = (shape[0] / height, shape[1] / width)
        (top, bottom), (left, right) = (
            geometry.source_of_part(box[i], box[i + 2], shape[i], (height, width)[i], interpolation, True)
            for i in range(2)
        )
        read = np.zeros_like(img)
        read[top:bottom, left:right] = img[top:bottom, left:right]
        part = geometry.imresize_part(read, scale, box, interpolation)
        whole = geometry.imcrop(resize(dict(img=img))["img"], *box)
        assert part.shape == whole.shape
        difference = np.abs(part.astype(int) - whole)
        assert difference.mean() < 0.2
        assert np.quantile(difference, 0.99) <= 2


def test_the_start_of_a_resized_image_has_the_same_pixels():
    rng = np.random.RandomState(0)
    for _ in range(150):
        height, width = rng.randint(20, 400, 2).tolist()
        size = tuple(rng.randint(8, 500, 2).tolist())
        until = (rng.randint(1, size[0] + 1), rng.randint(1, size[1] + 1))
        img = rng.randint(0, 256, (height, width, 3)).astype(np.uint8)
        whole = geometry.imresize(img, size[::-1])
        bottom = geometry.source_of_part(0, until[0], height, size[0], "bilinear", False)[1]
        start = geometry.imresize_start(img[:bottom], (height, width), size, until)
        assert start.shape[0] >= until[0]
        assert start.shape[1] >= until[1]
        assert np.array_equal(start[: until[0], : until[1]], whole[: until[0], : until[1]])
