"""Tests of :mod:`mmpretrain.engine.runner.state`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.engine.runner.state import HistoryBuffer, MessageHub, RunState
from mmpretrain.errors import NotRegisteredError


def test_means_are_weighted_by_the_counts():
    history = HistoryBuffer()
    for value in (1.0, 2.0, 4.0):
        history.update(value)
    assert history.mean() == pytest.approx(7 / 3)
    assert history.mean(2) == 3.0
    history.update(8.0, count=3)
    assert history.mean(2) == (4 + 3 * 8) / 4
    assert history.data[1].tolist() == [1, 1, 1, 3]
    assert (history.current(), history.max(), history.min(3)) == (8.0, 8.0, 2.0)


def test_an_old_value_is_forgotten_with_its_count():
    history = HistoryBuffer(max_length=3)
    for number in range(7):
        history.update(float(number), count=number + 1)
    values, counts = history.data
    assert (values.tolist(), counts.tolist()) == ([4.0, 5.0, 6.0], [5, 6, 7])


def test_a_history_survives_a_checkpoint():
    for counts in ([1, 1, 1], [1, 5, 1]):
        history = HistoryBuffer([0.5, 1.5, 2.5], counts)
        again = HistoryBuffer.from_state(history.state_dict())
        assert again.mean() == history.mean()
        assert again.data[1].tolist() == counts


def test_a_statistic_is_found_by_its_name():
    history = HistoryBuffer([1.0, 3.0], [1, 1])
    assert history.statistics("mean", 1) == 3.0
    with pytest.raises(NotRegisteredError, match="There is no statistic 'median'"):
        history.statistics("median")


def test_an_empty_history_has_no_current_value():
    with pytest.raises(ValueError, match="The history is empty"):
        HistoryBuffer().current()


def test_the_hub_knows_where_the_run_is():
    state = RunState(work_dir="w", log_dir="w", log_path=None, epoch=3, iter=40)
    hub = MessageHub("run", state)
    assert (hub.get_info("epoch"), hub.get_info("iter")) == (3, 40)
    hub.update_info("iter", 41)  # what was stored is shown in place of the fact
    assert hub.get_info("iter") == 41
    with pytest.raises(KeyError, match="'loss' was never logged"):
        hub.get_scalar("loss")


def test_what_is_not_resumed_stays_out_of_checkpoints():
    hub = MessageHub()
    hub.update_scalars({"loss": torch.tensor(2.0), "acc": {"value": 0.5, "count": 4}})
    hub.update_scalar("time", 1.0, resumed=False)
    hub.update_info_dict({"kept": [1, "two"], "object": object()})
    hub.update_info("stage", "train", resumed=False)
    state = hub.state_dict()
    assert set(state["log_scalars"]) == {"loss", "acc"}
    assert state["runtime_info"] == {"kept": [1, "two"]}  # an object would not be read back
    other = MessageHub()
    other.load_state_dict(state)
    assert other.get_scalar("acc").data[1].tolist() == [4]
    assert other.get_scalar("loss").current() == 2.0
