"""Steps of a pipeline that run as one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmpretrain.datasets.transforms import CenterCrop, Compose, LoadImageFromFile, ResizeEdge
from mmpretrain.datasets.transforms.joined import MOST_SHAPES, LoadPart
from tests.datasets.transforms.pipeline_cases import photo


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{width}.jpg" for width in (100, 117)]
    for path, width in zip(paths, (100, 117)):
        cv2.imwrite(str(path), photo(90, width))
    return paths


def apart(path, *steps):
    results = {"img_path": str(path)}
    for step in steps:
        results = step(results)
    return results["img"]


def test_what_is_remembered_follows_the_settings(files, monkeypatch):
    load, resize, crop = LoadImageFromFile(imdecode_backend="exact"), ResizeEdge(64), CenterCrop(40)
    pipeline = Compose([load, resize, crop])

    def agrees():
        pairs = [
            (pipeline({"img_path": str(path)})["img"], apart(path, load, resize, crop)) for path in files
        ]
        return all(np.array_equal(*pair) for pair in pairs)

    for _ in range(2):
        assert agrees()
    resize.scale = 50
    assert agrees()
    crop.crop_size = (30, 20)
    assert agrees()
    (step,) = [step for step in pipeline._steps if isinstance(step, LoadPart)]
    assert len(step._choices) == 2
    for width in range(MOST_SHAPES * 2):
        step._choose((90, 100 + width, 3), False, True)
    assert len(step._choices) <= MOST_SHAPES
    resize.window = lambda shape: 1 / 0
    with pytest.raises(Exception, match="division by zero"):
        pipeline({"img_path": str(files[0])})
