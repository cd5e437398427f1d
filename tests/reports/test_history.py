"""Curves of a training run."""

from __future__ import annotations

from mmpretrain.reports.history import read_history
from mmpretrain.reports.summary import POINTS


def test_the_last_training_is_read(tmp_path):
    lines = [f'{{"loss": {1 / (i + 1)}, "time": 1, "iter": {i}, "step": {i}}}' for i in range(1000)]
    lines += ['{"accuracy/top1": 50.0, "step": 1}', '{"accuracy/top1": NaN, "step": 2}']
    lines += ['{"loss": 1', "[1]", '{"x": 1}']
    tested = '{"accuracy/top1": 1, "step": 0}'
    for name, content in (("20260101_000000", "\n".join(lines)), ("20260102_000000", tested)):
        path = tmp_path / name / "vis_data" / "scalars.json"
        path.parent.mkdir(parents=True)
        path.write_text(content)
    history = read_history(tmp_path)
    assert list(history.curves) == ["loss", "accuracy/top1"]
    assert history.steps == {"loss": "iter", "accuracy/top1": "epoch"}
    loss = history.curves["loss"]
    assert len(loss.x) <= POINTS + 1
    assert (loss.x[0], loss.x[-1], loss.y[-1]) == (0, 999, 1 / 1000)
    assert history.curves["accuracy/top1"].y == [50.0]


def test_no_training(tmp_path):
    assert read_history(tmp_path).curves == {}
