"""Image functions give the pixels of MMCV 2.2; ``data/images.json`` holds its results for ``image_cases``."""

from __future__ import annotations

import json
from pathlib import Path

import mmcv  # the old name, as user code writes it
import numpy as np
import pytest
import torch

from mmpretrain.errors import ConfigError
from tests.compat.api.image_cases import CASES, IMAGE, plain, prepare

EXPECTED = json.loads((Path(__file__).parent / "data" / "images.json").read_text())


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_same_pixels(number):
    name, image, options = CASES[number]
    first, others = prepare(name, image, options)
    result, expected = plain(getattr(mmcv, name)(first, **others)), EXPECTED[number]
    for mine, theirs in zip(_arrays(result), _arrays(expected), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-4 if isinstance(theirs, np.ndarray) else 0)


def _arrays(value):
    """Return the arrays in a result; several of different shapes stay apart."""
    try:
        return [np.array(value, dtype=float)]
    except ValueError:
        return [array for item in value for array in _arrays(item)]


def test_read_and_write(tmp_path):
    path = tmp_path / "sub" / "a.png"
    assert mmcv.imwrite(IMAGE, str(path))
    assert np.array_equal(mmcv.imread(path), IMAGE)
    assert mmcv.imread(IMAGE) is IMAGE
    assert np.array_equal(mmcv.imfrombytes(path.read_bytes(), channel_order="rgb"), IMAGE[..., ::-1])


def test_tensors_become_images():
    batch = torch.from_numpy(IMAGE[..., ::-1].transpose(2, 0, 1).copy()).float()[None]
    normalised = (batch - 10) / 2
    (image,) = mmcv.tensor2imgs(normalised, mean=(10, 10, 10), std=(2, 2, 2))
    assert np.array_equal(image, IMAGE)
    with pytest.raises(ValueError, match="Expected a batch"):
        mmcv.tensor2imgs(batch[0])


def test_mistakes_are_said():
    with pytest.raises(ConfigError, match="no colour 'pink'"):
        mmcv.color_val("pink")
    with pytest.raises(ConfigError, match="either shape or padding"):
        mmcv.impad(IMAGE)
    with pytest.raises(ConfigError, match="no backend 'gd'"):
        mmcv.use_backend("gd")
    with pytest.raises(ConfigError, match="uint8"):
        mmcv.imnormalize_(IMAGE, np.zeros(3), np.ones(3))
