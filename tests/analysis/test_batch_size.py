"""Batch sizes are measured until one does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from mmpretrain.analysis import batch_size as module
from mmpretrain.analysis.batch_size import Measured, advise, batch_sizes
from mmpretrain.engine.runner.trial import Trial, resized
from mmpretrain.errors import ConfigError
from tests.analysis.tuning_cases import small_config


def test_of_a_config(tmp_path: Path) -> None:
    cfg = small_config(tmp_path)
    found = list(batch_sizes(cfg, 32))
    assert [item.batch for item in found] == [2, 4, 8, 16, 32]
    assert all(item.speed and item.speed > 0 and item.memory > 0 for item in found)
    assert [path.name for path in tmp_path.iterdir()] == ["small.py"]


def test_no_batch_is_larger_than_the_data(tmp_path: Path) -> None:
    cfg = small_config(tmp_path)
    cfg.train_dataloader.dataset.indices = 5
    assert [item.batch for item in batch_sizes(cfg, 10**20)] == [2, 4]


def test_what_does_not_fit_is_narrowed_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = Trial.step

    def limited(self: Trial, batch: Any) -> float:
        if len(batch["data_samples"]) > 21:
            raise torch.OutOfMemoryError
        return step(self, batch)

    monkeypatch.setattr(Trial, "step", limited)
    found = list(batch_sizes(small_config(tmp_path)))
    assert [(item.batch, item.speed is not None) for item in found] == [
        (2, True), (4, True), (8, True), (16, True), (32, False), (24, False), (20, True), (22, False),
    ]  # fmt: skip
    assert advise(found)[1] == 20


def test_a_machine_without_memory_is_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "free_memory", lambda: 0)
    assert [item.batch for item in batch_sizes(small_config(tmp_path))] == [2]


def test_advice() -> None:
    measured = [
        Measured(2, 10.0),
        Measured(4, 19.5),
        Measured(8, 20.0),
        Measured(16, 18.0),
        Measured(32, None),
    ]
    assert advise(measured) == (4, 16)


def test_batches_of_another_size() -> None:
    for inputs in (torch.arange(3)[:, None], [torch.tensor([i]) for i in range(3)]):
        batch = resized({"inputs": inputs, "data_samples": ["a", "b", "c"]}, 5)
        assert [int(x) for x in batch["inputs"]] == [0, 1, 2, 0, 1]
        assert batch["data_samples"] == ["a", "b", "c", "a", "b"]
        assert len(resized(batch, 2)["inputs"]) == 2
    with pytest.raises(ConfigError, match="cannot be made larger"):
        resized({"inputs": [[torch.zeros(1)]]}, 2)
