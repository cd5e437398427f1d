"""``mmpretrain batch-find``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.analysis.tuning_cases import small_config
from tests.cli.commands import call


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    small_config(tmp_path)
    return tmp_path


def test_batch_size(capsys, here: Path) -> None:
    done = call(capsys, "batch-find", "small.py", "--max", 8, "--save-path", "batch.svg")
    assert done.code == 0, done.err
    assert done.out.count("images/s") == 3
    assert re.search(r"mmpretrain train small\.py --batch-size \d+ --lr 0\.00\d+  # now 16; ", done.out)
    assert "<svg" in Path("batch.svg").read_text()
    assert sorted(path.name for path in here.iterdir()) == ["batch.svg", "small.py"]


def test_a_batch_size_that_is_the_best_already(capsys, here: Path) -> None:
    done = call(
        capsys, "batch-find", "small.py", "--max", 2, "--cfg-options", "train_dataloader.batch_size=2"
    )
    assert "nothing to change" in done.out
    assert "mmpretrain train" not in done.out
