"""``mmpretrain tune``."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmpretrain.cli.tune import usual_folder
from mmpretrain.config import Config
from tests.analysis.tuning_cases import small_config
from tests.cli.commands import call


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    small_config(tmp_path)
    return tmp_path


def test_search_and_go_on(capsys, here: Path) -> None:
    pytest.importorskip("optuna")
    words = ("tune", "small.py", "--space", "lr=0.001..0.1:log", "--space", "batch_size=16,32")
    done = call(capsys, *words, "--epochs", 1, "--trials", 2)
    assert done.code == 0, done.err
    assert "Trial 2 of 2: accuracy/top1" in done.out
    folder = here / "work_dirs" / "tune_small"
    winner = Config.fromfile(folder / "best.py")
    assert 0.001 <= winner.optim_wrapper.optimizer.lr <= 0.1
    assert winner.train_dataloader.batch_size in (16, 32)
    assert winner.get("work_dir") is None
    assert "mmpretrain train work_dirs/tune_small/best.py" in done.out

    refused = call(capsys, *words, "--trials", 3)
    assert refused.code == 2
    assert "earlier search" in refused.err
    done = call(capsys, *words, "--epochs", 1, "--trials", 3, "--resume")
    assert done.code == 0, done.err
    assert "Trial 3 of 3" in done.out
    assert "Trial 2 of 3" not in done.out


def test_a_search_that_was_killed_goes_on(capsys, here: Path) -> None:
    optuna = pytest.importorskip("optuna")
    words = ("tune", "small.py", "--space", "lr=0.001..0.1:log", "--epochs", 1, "--trials", 2)
    done = call(capsys, *words[:-1], 1)
    assert done.code == 0, done.err
    storage = f"sqlite:///{here / 'work_dirs' / 'tune_small' / 'tune.db'}"
    (name,) = optuna.get_all_study_names(storage)
    study = optuna.load_study(study_name=name, storage=storage)
    study.ask()  # what kill -9 leaves: a trial that runs for ever
    done = call(capsys, *words, "--resume")
    assert done.code == 0, done.err
    assert "Trial 2 of 2: accuracy/top1" in done.out
    states = [trial.state.name for trial in study.get_trials()]
    assert states.count("COMPLETE") == 2
    assert Config.fromfile("work_dirs/tune_small/best.py").train_cfg.max_epochs == 1


def test_a_trial_that_fails_does_not_end_the_search(capsys, here: Path) -> None:
    pytest.importorskip("optuna")
    done = call(
        capsys, "tune", "small.py", "--space", "model.head.in_channels=120,121", "--epochs", 1, "--trials", 6
    )
    assert "failed: " in done.err
    assert done.code == 0, done.err
    assert Config.fromfile("work_dirs/tune_small/best.py").model.head.in_channels == 120


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "no setting to vary is given"),
        (("--space", "lr"), "no range of a setting"),
        (("--space", "model.heed.x=1,2"), "the config has no model.heed.x"),
        (("--space", "lr=1,2", "--metric", "goodness"), "does not say whether greater or less"),
        (("--space", "lr=1,2", "--resume"), "no trials in"),
        (("--space", "batchsize=1,2"), "the config has no batchsize. Did you mean 'batch_size'?"),
    ],
)
def test_mistakes(capsys, here: Path, words, message: str) -> None:
    done = call(capsys, "tune", "small.py", *words)
    assert done.code == 2
    assert message in done.err
    assert not Path("work_dirs").exists()


def test_a_search_goes_on_as_it_was_begun(capsys, here: Path) -> None:
    pytest.importorskip("optuna")
    words = ("tune", "small.py", "--epochs", 1, "--resume", "--work-dir", "a b")
    first = call(capsys, *words[:4], "--work-dir", "a b", "--trials", 1, "--space", "lr=0.001..0.1:log")
    assert first.code == 0, first.err
    done = call(capsys, *words, "--trials", 2)
    assert done.code == 0, done.err
    assert "Trial 2 of 2: accuracy/top1" in done.out
    assert "mmpretrain train 'a b/best.py'" in done.out
    for options, message in (
        (("--space", "batch_size=4,8"), "--space: the trials that are there have lr=0.001..0.1:log"),
        (("--metric", "accuracy/top5"), "--metric: the trials that are there have accuracy/top1"),
        (("--rule", "less"), "--rule: the trials that are there are better the other way"),
    ):
        refused = call(capsys, *words, "--trials", 3, *options)
        assert refused.code == 2
        assert message in " ".join(refused.err.split())
    (here / "a b" / "tune.db").write_bytes(b"no database at all")
    refused = call(capsys, *words, "--trials", 3)
    assert refused.code == 2
    assert "a b/tune.db: these are no trials of a search" in refused.err


def test_searches_of_two_fine_tunings_have_folders_of_their_own() -> None:
    assert usual_folder("work_dirs/photos/plan/finetune.py") == Path("work_dirs/tune_photos")
    assert usual_folder("configs/small.py") == Path("work_dirs/tune_small")
