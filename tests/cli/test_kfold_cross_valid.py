"""``mmpretrain kfold-cross-valid``: two folds, an interruption, and going on."""

from __future__ import annotations

import json

from tests.cli.commands import call

SHORT = ["--cfg-options", "train_cfg.max_epochs=1", "train_dataloader.batch_size=256"]


def test_folds(capsys, tmp_path):
    words = ["kfold-cross-valid", "lenet5_digits", "--num-splits", "2", "--work-dir", tmp_path, "--seed", "1"]
    done = call(capsys, *words, "--fold", "0", *SHORT)
    assert done.code == 0, done.err
    assert (tmp_path / "fold0" / "run.json").is_file()
    kept = json.loads((tmp_path / "kfold.json").read_text())
    assert list(kept["folds"]) == ["0"]
    again = call(capsys, *words, *SHORT)
    assert (again.code, "Add --resume" in again.err) == (2, True)
    done = call(capsys, *words, "--resume", *SHORT)
    assert done.code == 0, done.err
    assert "Fold 0 is done already." in done.out
    kept = json.loads((tmp_path / "kfold.json").read_text())["folds"]
    mean = sum(fold["accuracy/top1"] for fold in kept.values()) / 2
    assert f"{mean:.4f}" in done.out
    shown = call(capsys, *words, "--summary")
    assert (shown.code, f"{mean:.4f}" in shown.out) == (0, True)
    other = call(capsys, *words[:-1], "2", "--resume", *SHORT)
    assert (other.code, "the folds there were made with" in other.err) == (2, True)


def test_bad_options(capsys, tmp_path):
    for more in (["--num-splits", "1"], ["--num-splits", "3", "--fold", "3"], []):
        assert call(capsys, "kfold", "lenet5_digits", "--work-dir", tmp_path / "new", *more).code == 2
    done = call(
        capsys, "kfold", "lenet5_digits", "--num-splits", "2", "--summary", "--work-dir", tmp_path / "new"
    )
    assert (done.code, "no fold is done" in done.err) == (2, True)
    assert not (tmp_path / "new").exists()
