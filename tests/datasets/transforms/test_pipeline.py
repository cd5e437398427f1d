"""Pipelines: Compose, and loading only what is needed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmpretrain.datasets.transforms import Compose, ResizeEdge
from mmpretrain.datasets.transforms.functional import geometry
from mmpretrain.errors import ConfigError


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A smooth picture with some edges."""
    rng = np.random.RandomState(seed)
    coarse = rng.randint(0, 256, (6, 8, 3)).astype(np.uint8)
    img = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    cv2.circle(img, (width // 2, height // 3), height // 5, (20, 200, 90), -1)
    return img


@pytest.fixture
def jpeg(tmp_path):
    def write(height, width, quality=90):
        path = str(tmp_path / f"{height}x{width}.jpg")
        cv2.imwrite(path, photo(height, width), [cv2.IMWRITE_JPEG_QUALITY, quality])
        return path

    return write


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


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("shape", [(375, 500), (500, 375), (256, 256), (301, 733)])
def test_a_part_is_resized_as_the_whole(shape, interpolation):
    img = photo(*shape)
    resize = ResizeEdge(256, interpolation=interpolation)
    height, width = resize.window(shape).size
    middle = (height // 2 - 60, width // 2 - 90, 121, 150)
    for box in [(0, 0, 40, 50), middle, (height - 40, 3, 40, width - 3)]:
        scale = (shape[0] / height, shape[1] / width)
        rows = geometry.rows_of_part(box, scale[0])
        part = geometry.imresize_part(img[:rows], scale, box, interpolation)
        whole = geometry.imcrop(resize(dict(img=img))["img"], *box)
        assert part.shape == whole.shape
        difference = np.abs(part.astype(int) - whole)
        assert difference.mean() < 0.2
        assert np.quantile(difference, 0.99) <= 2


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


def test_compose_follows_changes_of_its_list(jpeg):
    pipeline = Compose([dict(type="LoadImageFromFile"), dict(type="CenterCrop", crop_size=8)])
    assert pipeline(dict(img_path=jpeg(64, 64)))["img"].shape == (8, 8, 3)
    pipeline.transforms.pop()
    assert pipeline(dict(img_path=jpeg(64, 64)))["img"].shape == (64, 64, 3)


def test_compose_stops_at_none_and_refuses_what_is_no_transform():
    assert Compose([lambda results: None, lambda results: 1 / 0])({}) is None
    with pytest.raises(ConfigError, match="callable"):
        Compose(["Resize"])
