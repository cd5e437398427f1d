"""Pipelines give the same results for a file, for its parts by restart intervals, and for its pixels."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mmpretrain.datasets.transforms import Compose
from mmpretrain.datasets.transforms.functional import restarts
from mmpretrain.datasets.transforms.held import HeldPixels, RestartJpeg
from mmpretrain.errors import DataError
from mmpretrain.utils.fileio import holding
from tests.datasets.transforms.pipeline_cases import photo

PIPELINES = {
    "whole": [],
    "train": [dict(type="RandomResizedCrop", scale=48)],
    "pillow": [dict(type="RandomResizedCrop", scale=48, backend="pillow", interpolation="bicubic")],
    "val": [dict(type="ResizeEdge", scale=64), dict(type="CenterCrop", crop_size=48)],
    "lanczos": [
        dict(type="ResizeEdge", scale=64, backend="pillow", interpolation="lanczos"),
        dict(type="RandomCrop", crop_size=40),
    ],
    "larger": [
        dict(type="ResizeEdge", scale=600, interpolation="bicubic"),
        dict(type="CenterCrop", crop_size=99),
    ],
    "crop": [dict(type="CenterCrop", crop_size=50)],
    "flip": [dict(type="RandomCrop", crop_size=50), dict(type="RandomFlip", prob=1.0)],
    "efficientnet": [dict(type="EfficientNetCenterCrop", crop_size=40)],
    "padded": [dict(type="RandomCrop", crop_size=50, padding=4)],
}  # fmt: skip
SIZES = [(211, 176), (100, 304), (640, 928)]


def run(steps: list[dict], data, exact: bool) -> dict:
    pipeline = Compose([dict(type="LoadImageFromFile", imdecode_backend="exact" if exact else "cv2"), *steps])
    results = []
    for seed in range(3):
        np.random.seed(seed)
        with holding("a.jpg", data):
            results.append(pipeline(dict(img_path="a.jpg", gt_label=1)))
    return results


def assert_equal(got: list[dict], expected: list[dict]) -> None:
    for one, other in zip(got, expected):
        assert one.keys() == other.keys()
        assert np.array_equal(one["img"], other["img"])
        assert one["img"].flags.writeable
        rest = {key: value for key, value in one.items() if key != "img"}
        assert rest == {key: value for key, value in other.items() if key != "img"}


def restart_jpeg(height: int, width: int, **options) -> bytes:
    file = io.BytesIO()
    blocks = -(-width // 16)
    step = next(n for n in (4, 3, 2, 5, 1) if blocks % n == 0)
    Image.fromarray(photo(height, width)).save(file, "JPEG", restart_marker_blocks=step, **options)
    return file.getvalue()


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PIPELINES)
def test_parts_give_the_same_pixels_and_draws(name, size, exact):
    data = restart_jpeg(*size)
    found = restarts.find_intervals(data)
    assert found is not None
    expected = run(PIPELINES[name], data, exact)
    assert_equal(run(PIPELINES[name], RestartJpeg(memoryview(data), *found), exact), expected)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PIPELINES)
def test_parts_are_those_of_a_whole_decode(name, size):
    """Step by step, with OpenCV's decoder: nothing is joined."""
    data = restart_jpeg(*size)
    whole = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    steps = [Compose([step]) for step in PIPELINES[name]]
    for seed, got in enumerate(run(PIPELINES[name], RestartJpeg(data, *restarts.find_intervals(data)), True)):
        np.random.seed(seed)
        results = dict(img=whole.copy(), img_shape=whole.shape[:2], ori_shape=whole.shape[:2])
        for step in steps:
            results = step(results)
        assert np.array_equal(got["img"], results["img"])
        assert got["img_shape"] == results["img_shape"]


@pytest.mark.parametrize("name", PIPELINES)
def test_held_pixels_are_the_decoded_ones(name):
    data = restart_jpeg(211, 176)
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    pixels.flags.writeable = False
    assert_equal(run(PIPELINES[name], HeldPixels(pixels), True), run(PIPELINES[name], data, True))


def test_held_pixels_have_colour():
    image = HeldPixels(np.zeros((4, 5, 3), np.uint8))
    pipeline = Compose([dict(type="LoadImageFromFile", color_type="grayscale")])
    with holding("a.jpg", image), pytest.raises(DataError, match=r"colour pixels.*grayscale"):
        pipeline(dict(img_path="a.jpg"))


def test_a_custom_first_step_gets_the_whole_image():
    data = restart_jpeg(64, 64)
    image = RestartJpeg(data, *restarts.find_intervals(data))

    def look(results):
        return {"mean": results["img"].mean(), "shape": results["img"].shape}

    with holding("a.jpg", image):
        seen = Compose([dict(type="LoadImageFromFile"), look])(dict(img_path="a.jpg"))
    whole = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert seen == {"mean": whole.mean(), "shape": whole.shape}
