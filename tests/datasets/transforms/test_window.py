"""Tests of :mod:`mmpretrain.datasets.transforms.window`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.datasets.transforms import Compose
from mmpretrain.errors import DataError
from tests.datasets.transforms.damage_cases import GOOD


@pytest.mark.parametrize("step", [dict(type="CenterCrop", crop_size=200), dict(type="Resize", scale=64)])
def test_damage_where_only_a_part_is_decoded(step, tmp_path):
    (tmp_path / "a.jpg").write_bytes(GOOD[: len(GOOD) // 4] + b"\xff\xd9")
    pipeline = Compose([dict(type="LoadImageFromFile"), step])
    with pytest.raises(DataError, match=r"a.jpg: The JPEG is damaged"):
        pipeline({"img_path": str(tmp_path / "a.jpg")})


PIPELINES = {
    "train": [dict(type="RandomResizedCrop", scale=32), dict(type="RandomFlip", prob=0.5)],
    "val": [dict(type="ResizeEdge", scale=40), dict(type="CenterCrop", crop_size=32)],
    "resize": [dict(type="Resize", scale=(48, 40), backend="pillow", interpolation="bicubic")],
    "crop": [dict(type="RandomCrop", crop_size=50)],
    "center": [dict(type="CenterCrop", crop_size=50)],
    "efficientnet": [dict(type="EfficientNetRandomCrop", scale=32)],
    "efficientnet_val": [dict(type="EfficientNetCenterCrop", crop_size=32)],
}


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("backend", ["exact", "cv2"])
def test_partial_decoding_gives_the_same_sample(jpeg, name, backend):
    """One step after the other, and as one step that decodes a part: the same keys and pixels.

    By default, a crop of what is made smaller is made alone, which differs by rounding.
    """
    load = dict(type="LoadImageFromFile", imdecode_backend=backend)
    # Less than REDUCING_GAP times two as large as the outputs: also the default decodes at full size.
    path = jpeg(84, 88)
    whole = [Compose([load]), *(Compose([step]) for step in PIPELINES[name])]
    pipeline = Compose([load, *PIPELINES[name]])
    for seed in range(5):
        np.random.seed(seed)
        expected = dict(img_path=path)
        for step in whole:
            expected = step(expected)
        np.random.seed(seed)
        result = pipeline(dict(img_path=path))
        difference = np.abs(result.pop("img").astype(int) - expected.pop("img"))
        assert difference.mean() < 0.2
        assert difference.any() <= (backend == "cv2")
        assert result == expected


def test_large_photos_are_decoded_smaller(jpeg, monkeypatch):
    path = jpeg(1200, 1600)
    val = [dict(type="ResizeEdge", scale=64, backend="pillow"), dict(type="PackInputs")]
    fast = Compose([dict(type="LoadImageFromFile"), *val])
    exact = Compose([dict(type="LoadImageFromFile", imdecode_backend="exact"), *val])
    a, b = (p(dict(img_path=path))["inputs"].numpy().astype(int) for p in (fast, exact))
    assert a.shape == b.shape == (3, 64, 85)
    difference = np.abs(a - b)
    assert difference.any()
    assert difference.mean() < 1
    monkeypatch.setenv("MMPRETRAIN_EXACT_PIXELS", "1")
    assert np.array_equal(fast(dict(img_path=path))["inputs"].numpy(), b)
