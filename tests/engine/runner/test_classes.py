"""A validation or test of a checkpoint that learned other classes."""

from __future__ import annotations

import pytest

from mmpretrain.engine.runner.classes import compare
from mmpretrain.errors import DataError
from tests.engine import tiny


def loader(*classes: str) -> dict:
    cfg = tiny.loader(shuffle=False)
    cfg["dataset"].metainfo = {"classes": classes}
    return cfg


@pytest.fixture
def checkpoint(make_runner, tmp_path):
    runner = make_runner(work_dir=str(tmp_path / "first"), train_dataloader=loader("cat", "dog"))
    runner.train()
    assert runner.state.learned_classes == ("cat", "dog")
    return str(tmp_path / "first")


def other_run(make_runner, checkpoint, *classes):
    evaluator = dict(test_evaluator=tiny.Hits(), test_cfg={})
    return make_runner(load_from=checkpoint, test_dataloader=loader(*classes), **evaluator)


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        (("dog", "cat"), r"test: the classes are not those that the model learned \(their labels differ\)"),
        (
            ("cat", "eel"),
            r"not in the checkpoint: eel\)\. the checkpoint: cat, dog; test: cat, eel\. Give",
        ),
        (("dog",), "their labels differ"),
    ],
)
def test_labels_of_other_classes_stop_the_test(make_runner, checkpoint, classes, says):
    with pytest.raises(DataError, match=says):
        other_run(make_runner, checkpoint, *classes).test()


def test_other_names_altogether_are_said(make_runner, checkpoint, caplog):
    assert other_run(make_runner, checkpoint, "chat", "chien").test()
    assert "test: the classes have other names than in the checkpoint" in caplog.text


def test_the_same_classes_need_no_word(make_runner, checkpoint, caplog):
    assert other_run(make_runner, checkpoint, "cat", "dog").test()
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def test_a_run_tests_with_the_classes_that_it_has_learned_itself(make_runner, checkpoint):
    """It starts from a checkpoint of other classes, as fine-tuning does."""
    runner = make_runner(
        load_from=checkpoint,
        train_dataloader=loader("cat", "eel"),
        test_dataloader=loader("cat", "eel"),
        test_evaluator=tiny.Hits(),
        test_cfg={},
    )
    runner.train()
    assert runner.test()


def test_long_lists_are_cut():
    names = [f"class{index}" for index in range(30)]
    found = compare(names, names[::-1], "val")
    assert found is not None
    assert found[1].count("and 20 more") == 2
