"""Tests of :mod:`mmpretrain.visualization.backends.dvclive`."""

from __future__ import annotations

from mmpretrain.registry import VISBACKENDS
from tests.visualization.backends.backend_cases import feed


def test_dvclive(stand_in, tmp_path):
    calls = stand_in("dvclive")
    (tmp_path / "scalars.json").write_text("")
    backend = VISBACKENDS.build(
        dict(type="DVCLiveVisBackend", save_dir=str(tmp_path), init_kwargs=dict(save_dvc_exp=False))
    )
    feed(backend, tmp_path)
    assert calls[0] == ("Live", (), {"dir": str(tmp_path), "save_dvc_exp": False, "cache_images": True})
    assert ("Live().log_metric", ("acc", 80.0), {}) in calls
    assert ("Live().log_artifact", (str(tmp_path / "scalars.json"),), {}) in calls
    assert calls[-1][0] == "Live().end"
