"""Tests of :mod:`mmpretrain.cli.stored_classes`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mmpretrain.cli.checks import check_before_start
from mmpretrain.config import Config
from mmpretrain.errors import DataError
from tests.cases.conftest import CLASSES
from tests.cases.preflight_cases import check


def checkpoint(classes) -> str:
    torch.save({"state_dict": {}, "meta": {"dataset_meta": {"classes": classes}}}, "stored.pth")
    return "_base_ = './base.py'\nload_from = 'stored.pth'\n"


def remove(*classes: str) -> None:
    for name in classes:
        for file in Path("data/pets/test", name).iterdir():
            file.unlink()
        Path("data/pets/test", name).rmdir()


TEST = "test_dataloader = dict(dataset=dict(data_prefix='test'))\n"


def test_classes_of_the_checkpoint_are_mapped_by_name(case, caplog):
    remove("ant", "dog")
    Path("cfg.py").write_text(checkpoint(CLASSES) + TEST)
    cfg = Config.fromfile("cfg.py")
    check_before_start(cfg, ("test",))
    assert "test: labels are mapped by class name to those of the checkpoint" in caplog.text
    assert cfg.test_dataloader.dataset.metainfo.classes == CLASSES
    assert "metainfo" not in cfg.train_dataloader.dataset


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        (("ant", "bee", "cat", "dog", "eel", "emu"), r"not in the checkpoint: fox\)"),
        (("fox", "eel", "dog", "cat", "bee", "ant"), "their labels differ"),
        (("ant", "bee", "cat"), "not in the checkpoint: dog, eel, fox"),
    ],
)
def test_classes_that_the_model_did_not_learn(case, stored, says):
    with pytest.raises(DataError, match=says) as caught:
        check(checkpoint(stored) + TEST, "test")
    text = str(caught.value)
    assert f"the checkpoint: {', '.join(stored)}; test: {', '.join(CLASSES)}" in text


def test_classes_with_other_names_altogether(case, caplog):
    stored = checkpoint([f"n0{number}" for number in range(6)])
    check(stored + TEST, "test")
    assert "other names" not in caplog.text  # the runner says it, before it tests
    check(stored + "resume = True\n")
    assert "train: the classes have other names than in the checkpoint" in caplog.text


@pytest.mark.parametrize("classes", [CLASSES, None])
def test_equal_classes_need_no_word(case, caplog, classes):
    check(checkpoint(classes) + TEST, "test")
    assert "checkpoint" not in caplog.text


def test_fine_tuning_may_change_the_classes_and_resuming_not(case):
    check(checkpoint(["a", "b"]))
    with pytest.raises(DataError, match="not those that the model learned"):
        check(checkpoint(("ant", "bee")) + "resume = True\n")
