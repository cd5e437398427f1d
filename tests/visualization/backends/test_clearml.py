"""Tests of :mod:`mmpretrain.visualization.backends.clearml`."""

from __future__ import annotations

from mmpretrain.registry import VISBACKENDS
from tests.visualization.backends.backend_cases import NUMBERS, feed


def test_clearml(stand_in, tmp_path):
    calls = stand_in("clearml")
    (tmp_path / "best.pth").write_text("")
    feed(VISBACKENDS.build(dict(type="ClearMLVisBackend", init_kwargs=dict(project_name="p"))), tmp_path)
    assert calls[0] == ("Task.init", (), {"project_name": "p"})
    reports = {kwargs["title"]: kwargs for name, _, kwargs in calls if name.endswith("report_scalar")}
    assert {title: kwargs["value"] for title, kwargs in reports.items()} == {"one": 1.5, **NUMBERS}
    assert reports["loss"]["iteration"] == 4
    assert ("Task.init().upload_artifact", ("best.pth", str(tmp_path / "best.pth")), {}) in calls
    assert calls[-1][0] == "Task.init().close"
