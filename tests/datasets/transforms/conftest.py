"""Fixtures of the tests in this folder."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmpretrain.datasets.transforms import (
    Compose,
    LoadImageFromFile,
)
from tests.datasets.transforms.image_cases import CROP
from tests.datasets.transforms.pipeline_cases import photo


@pytest.fixture
def load(tmp_path):
    """Write a file and load it, alone and through the step that decodes a part."""

    def run(data, name="x.jpg", **options):
        path = tmp_path / name
        path.write_bytes(data)
        results = {"img_path": str(path)}
        whole = LoadImageFromFile(**options)(dict(results))
        np.random.seed(0)
        part = Compose([dict(CROP[0], **options), CROP[1]])(dict(results))
        assert part["ori_shape"] == whole["ori_shape"] == whole["img"].shape[:2]
        assert part["img"].shape[:2] == (8, 8)
        return whole["img"]

    return run


@pytest.fixture
def jpeg(tmp_path):
    def write(height, width, quality=90):
        path = str(tmp_path / f"{height}x{width}.jpg")
        cv2.imwrite(path, photo(height, width), [cv2.IMWRITE_JPEG_QUALITY, quality])
        return path

    return write


@pytest.fixture(autouse=True)
def _seed():
    np.random.seed(0)
