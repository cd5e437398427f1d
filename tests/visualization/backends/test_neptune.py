"""Tests of :mod:`mmpretrain.visualization.backends.neptune`."""

from __future__ import annotations

import pytest

from mmpretrain.registry import VISBACKENDS
from tests.visualization.backends.backend_cases import feed


def test_neptune(stand_in, tmp_path):
    calls = stand_in("neptune", "neptune.types")
    feed(VISBACKENDS.build(dict(type="NeptuneVisBackend")), tmp_path)
    assert calls[0] == ("init_run", (), {"mode": "offline"})
    assert ("init_run()[loss].append", (0.5,), {"step": 4}) in calls
    (content,) = next(args for name, args, _ in calls if name == "File.from_content")
    assert "work_dir" in content
    (image,) = next(args for name, args, _ in calls if name == "File.as_image")
    assert image.max() == pytest.approx(59 / 255)
    assert calls[-1][0] == "init_run().stop"
