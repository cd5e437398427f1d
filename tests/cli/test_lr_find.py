"""``mmpretrain lr-find``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.analysis.tuning_cases import small_config
from tests.cli.commands import call


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    small_config(tmp_path)
    return tmp_path


def test_learning_rate(capsys, here: Path) -> None:
    done = call(
        capsys, "lr-find", "small.py", "--steps", 30, "--min", 1e-5, "--max", 10, "--save-path", "lr.png"
    )
    assert done.code == 0, done.err
    assert "│" in done.out
    assert re.search(r"mmpretrain train small\.py --lr \S+  # now 0\.01", done.out)
    assert re.search(r"\n +1e-05 +\d", done.out), "the axis names rates"
    assert Image.open("lr.png").size[0] > 500
    assert sorted(path.name for path in here.iterdir()) == ["lr.png", "small.py"]
    assert "exists" in call(capsys, "lr-find", "small.py", "--save-path", "lr.png").err
