"""Spans of time, and how many epochs fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from mmpretrain.errors import ConfigError
from mmpretrain.finetuning import timing
from mmpretrain.finetuning.timing import epochs_within, seconds_of, seconds_per_epoch


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30m", 1800), ("1h30m", 5400), ("90", 90), ("90s", 90), ("1.5 h", 5400), ("2min", 120), ("1d", 86400)],
)
def test_spans(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "30x", "-5m", "0s", "m", "1h x", "nan", "1e99"])
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(ConfigError, match="is no span of time"):
        seconds_of(text)


def test_epochs() -> None:
    assert epochs_within(100, 10, 20) == 8
    assert epochs_within(100, 10, 5) == 5
    assert epochs_within(1, 10, 5) == 1


class Clock:
    """Time that passes where it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


class Loader:
    """Batches that take 0.5 seconds to be read."""

    def __init__(self, clock: Clock, count: int) -> None:
        self.clock, self.count = clock, count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        for number in range(self.count):
            self.clock.now += 0.5
            yield number


@pytest.mark.parametrize(("count", "workers", "kind"), [(30, 0, "cpu"), (30, 2, "cuda"), (2, 0, "cpu")])
def test_a_budget_holds(monkeypatch: pytest.MonkeyPatch, count: int, workers: int, kind: str) -> None:
    clock = Clock()

    def step(batch: int) -> float:
        clock.now += 9.0 if not calls else 2.0  # the first one is slow
        calls.append(batch)
        return 0.0

    calls: list[int] = []
    run = SimpleNamespace(
        loader=Loader(clock, count), device=SimpleNamespace(type=kind), step=step, finish=lambda: None
    )
    monkeypatch.setattr(timing, "time", clock)
    monkeypatch.setattr(timing, "trial", lambda *args, **kwargs: nullcontext(run))
    monkeypatch.setattr(timing, "DATASETS", SimpleNamespace(build=lambda cfg: range(16)))
    cfg = {
        "train_dataloader": {"num_workers": workers, "batch_size": 8},
        "val_dataloader": {"dataset": {}},
    }
    per_epoch = seconds_per_epoch(cfg)
    iteration = 2.0 if workers else 2.5
    assert per_epoch == pytest.approx(iteration * (count + 0.4 * 16 / 8))
    epochs = epochs_within(1000.0, per_epoch, 10_000)
    spent = epochs * count * iteration + epochs * 2 * 0.4 * iteration
    assert spent <= 1000
    assert spent + 1.2 * per_epoch > 850, "most of the budget is used"
