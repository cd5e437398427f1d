"""Tests of :mod:`mmpretrain.compat.api.timing`."""

from __future__ import annotations

import io

import mmcv
import mmengine
import pytest


def test_timers():
    with pytest.raises(mmcv.TimerError):
        mmcv.Timer(start=False).since_start()
    timer = mmcv.Timer()
    first = timer.since_last_check()
    assert 0 <= first <= timer.since_start()
    assert mmcv.check_time("a test") == 0
    assert mmcv.check_time("a test") >= 0


def test_progress():
    out = io.StringIO()
    assert list(mmcv.track_iter_progress([1, 2, 3], file=out)) == [1, 2, 3]
    assert "3/3" in out.getvalue()
    assert mmcv.track_progress(lambda x, y: x + y, [1, 2], file=out, y=10) == [11, 12]
    assert list(mmcv.track_iter_progress((iter("ab"), 2), file=out)) == ["a", "b"]
    assert mmengine.track_parallel_progress(abs, [-1, 2, -3], 2, file=out) == [1, 2, 3]
    with pytest.raises(TypeError, match="sequence"):
        mmcv.track_progress(abs, 5)  # type: ignore[arg-type]
