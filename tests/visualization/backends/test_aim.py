"""Tests of :mod:`mmpretrain.visualization.backends.aim`."""

from __future__ import annotations

from mmpretrain.registry import VISBACKENDS
from tests.visualization.backends.backend_cases import feed


def test_aim(stand_in, tmp_path):
    calls = stand_in("aim")
    feed(VISBACKENDS.build(dict(type="AimVisBackend", save_dir="work/run1/vis_data")), tmp_path)
    assert calls[0] == ("Run", (), {"experiment": "run1_vis_data"})
    assert ("Run().track", (), {"name": "loss", "value": 0.5, "step": 4}) in calls
    assert any(name == "Run()[hparams]=" for name, *_ in calls)
    assert calls[-1][0] == "Run().close"
