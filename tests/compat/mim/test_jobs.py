"""The commands that ``mim`` starts."""

from __future__ import annotations

import sys

import pytest

from mmpretrain.compat.mim.jobs import Machines, Trial, parse_grid, run_grid, trials
from mmpretrain.errors import ConfigError

OWN = [sys.executable, "-m", "mmpretrain", "train", "a.py"]


@pytest.mark.parametrize(
    ("machines", "expected"),
    [
        (Machines(), OWN),
        (Machines(0), [*OWN, "--device", "cpu"]),
        (Machines(4, "pytorch"), [*OWN, "--gpus", "4"]),
        (Machines(4, "pytorch", port=29501), [*OWN, "--gpus", "4", "--master-port", "29501"]),
        (
            Machines(16, "slurm", 8, 5, "big", "--quotatype auto"),
            ["srun", "-p", "big", "--job-name=mmpretrain", "--gres=gpu:8", "--ntasks=16",
             "--ntasks-per-node=8", "--cpus-per-task=5", "--kill-on-bad-exit=1", "--quotatype", "auto", *OWN,
             "--launcher", "slurm"],
        ),
    ],
)  # fmt: skip
def test_commands(machines, expected):
    assert machines.command(["train", "a.py"]) == expected


def test_slurm_needs_a_partition():
    with pytest.raises(ConfigError, match="needs a partition"):
        Machines(1, "slurm").command(["train"])


def test_grids(tmp_path):
    grid = parse_grid("--optimizer.lr 1e-2 1e-3 --optimizer.momentum=0.9")
    assert grid == {"optimizer.lr": ["1e-2", "1e-3"], "optimizer.momentum": ["0.9"]}
    assert [trial.work_dir.name for trial in trials(grid, tmp_path)] == [
        "search_optimizer.lr_1e-2_optimizer.momentum_0.9",
        "search_optimizer.lr_1e-3_optimizer.momentum_0.9",
    ]
    for text in ("", "0.1", "--lr", "--lr --momentum 1"):
        with pytest.raises(ConfigError, match="--search-args"):
            parse_grid(text)


def test_trials_run_side_by_side(tmp_path):
    pending = [Trial({}, tmp_path) for _ in range(3)]
    commands = [[sys.executable, "-c", f"raise SystemExit({code})"] for code in (0, 3, 0)]
    assert sorted(trial.code for trial in run_grid(pending, commands, 2)) == [0, 0, 3]


def test_records_that_are_not_as_a_run_writes_them(tmp_path):
    trial = Trial({}, tmp_path)
    assert trial.best is None
    for text in ("{", "[]", '{"run": 3}', '{"run": "20260101_000000", "best": [{"metric": 1}]}'):
        (tmp_path / "run.json").write_text(text)
        assert trial.best is None
