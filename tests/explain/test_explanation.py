"""The picture of an explanation."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmpretrain.errors import MissingFileError
from mmpretrain.explain import Explanation


def explanation(**changes) -> Explanation:
    options = {
        "map": np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4),
        "method": "gradcam",
        "target": 1,
        "score": 0.5,
        "predicted": 1,
        "layers": ("backbone.layer4",),
        "image": np.full((3, 4, 3), 100, np.uint8),
    }
    return Explanation(**{**options, **changes})


def test_overlay_is_that_of_1x():
    """Half image, half colours of the map, as bright as can be."""
    result = explanation()
    colours = cv2.applyColorMap(np.uint8(255 * result.map), cv2.COLORMAP_JET) / 255
    expected = colours * 0.5 + (100 / 255) * 0.5
    expected = np.uint8(255 * expected / expected.max())[..., ::-1]
    assert np.abs(result.overlay().astype(int) - expected).max() <= 1


def test_saved(tmp_path):
    result = explanation()
    result.save(tmp_path / "new" / "map.png")
    assert np.array_equal(cv2.imread(str(tmp_path / "new" / "map.png"))[..., ::-1], result.overlay())
    with pytest.raises(MissingFileError, match="suffix"):
        result.save(tmp_path / "map.xyz")
    (tmp_path / "file").write_text("")
    with pytest.raises(MissingFileError, match="cannot be written"):
        result.save(tmp_path / "file" / "map.png")


def test_empty():
    assert explanation(map=np.zeros((3, 4), np.float32)).is_empty
    assert not explanation().is_empty
