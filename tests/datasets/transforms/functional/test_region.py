"""Boxes decoded by nvImageCodec, where it is installed; and what is said where it is not."""

from __future__ import annotations

import io
import multiprocessing

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from mmpretrain.datasets.transforms import Compose
from mmpretrain.datasets.transforms.functional import region
from mmpretrain.errors import OptionalDependencyError
from mmpretrain.utils.fileio import holding
from tests.datasets.transforms.pipeline_cases import photo


def jpeg(height: int, width: int, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(photo(height, width)).save(file, "JPEG", **options)
    return file.getvalue()


def crop(data: bytes, backend: str) -> np.ndarray:
    load = dict(type="LoadImageFromFile", imdecode_backend=backend)
    np.random.seed(2)
    with holding("a.jpg", data):
        return Compose([load, dict(type="RandomResizedCrop", scale=40, crop_ratio_range=(0.1, 0.3))])(
            dict(img_path="a.jpg")
        )["img"]


def test_what_is_said_without_the_package(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "nvidia.nvimgcodec", None)
    monkeypatch.setattr(region, "_decoders", {})
    with pytest.raises(OptionalDependencyError, match=r"mmpretrain\[nvimgcodec\]"):
        crop(jpeg(90, 120), "nvimgcodec")
    # A whole image is decoded without it.
    with holding("a.jpg", jpeg(90, 120)):
        whole = Compose([dict(type="LoadImageFromFile", imdecode_backend="nvimgcodec")])(
            dict(img_path="a.jpg")
        )
    assert whole["img"].shape == (90, 120, 3)


@pytest.mark.parametrize("sampling", [0, 1, 2])
def test_boxes_have_the_pixels_of_the_whole(sampling):
    pytest.importorskip("nvidia.nvimgcodec")
    rng = np.random.RandomState(sampling)
    for _ in range(20):
        height, width = rng.randint(20, 200, 2).tolist()
        data = jpeg(height, width, subsampling=sampling)
        whole = simplejpeg.decode_jpeg(data, "BGR")
        top, left = rng.randint(height), rng.randint(width)
        box = (top, left, rng.randint(1, height - top + 1), rng.randint(1, width - left + 1))
        expected = whole[top : top + box[2], left : left + box[3]]
        assert np.array_equal(region.decode_box(data, box), expected)
    assert np.array_equal(crop(data, "nvimgcodec"), crop(data, "cv2"))


def test_a_forked_process_has_its_own_decoder():
    pytest.importorskip("nvidia.nvimgcodec")
    data = jpeg(90, 120)
    region.decode_box(data, (0, 0, 9, 9))
    process = multiprocessing.get_context("fork").Process(target=region.decode_box, args=(data, (0, 0, 9, 9)))
    process.start()
    process.join(30)
    assert process.exitcode == 0
