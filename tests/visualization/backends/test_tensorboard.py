"""Tests of :mod:`mmpretrain.visualization.backends.tensorboard`."""

from __future__ import annotations

import contextlib

import pytest

from mmpretrain.registry import VISBACKENDS
from tests.engine.disks import fill
from tests.visualization.backends.backend_cases import NUMBERS, feed


def test_tensorboard_goes_on_when_the_disk_has_space_again(small_disk):
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    backend = VISBACKENDS.build(dict(type="TensorboardVisBackend", save_dir=str(small_disk / "work")))
    backend.add_scalar("loss", 1.0, 0)
    fill(small_disk)
    for step in range(1, 200):
        with contextlib.suppress(OSError):
            backend.add_scalar("loss", 1.0, step)
    with pytest.raises(OSError, match="No space left"):
        backend.add_scalar("loss", 1.0, 200)
    (small_disk / "filler").unlink()
    backend.add_scalar("loss", 2.0, 201)
    backend.close()
    events = accumulators.EventAccumulator(str(small_disk / "work"))
    events.Reload()
    steps = [event.step for event in events.Scalars("loss")]
    assert steps == [*range(len(steps) - 1), 201]


def test_tensorboard(tmp_path, caplog):
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    backend = VISBACKENDS.build(dict(type="TensorboardVisBackend", save_dir=str(tmp_path)))
    backend.add_scalar("text", "good")
    feed(backend, tmp_path)
    events = accumulators.EventAccumulator(str(tmp_path))
    events.Reload()
    assert {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]} == {
        "one": [(3, 1.5)],
        **{name: [(4, pytest.approx(value))] for name, value in NUMBERS.items()},
    }
    assert events.Images("picture")[0].step == 2
    assert "text='good' is left out" in caplog.text
