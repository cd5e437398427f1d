"""Mistakes are found before anything is built, all at once."""

from __future__ import annotations

import re

import pytest

from mmpretrain.config import Config
from mmpretrain.config.validate import require_valid, validate
from mmpretrain.errors import ConfigError
from tests.config.validate_cases import GOOD, problems

EMA = "[dict(type='EMAHook', momentum=1e-4, priority='ABOVE_NORMAL')]"

PRETRAINED = "type='LeNet5', init_cfg=dict(type='Pretrained', checkpoint='x.pth')"


def line(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_a_good_config_has_no_problems(write):
    assert problems(write, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("'LeNet5'", "'LeNet6'", "model.backbone.type", "Did you mean 'LeNet5'"),
        ("loss_weight=", "loss_wieght=", "model.head.loss.loss_wieght", "Did you mean 'loss_weight'"),
        ("type='CrossEntropyLoss'", "type='MNIST'", "model.head.loss.type", "There is a dataset"),
        ("mean=[33.46]", "maen=[33.46]", "data_preprocessor.maen", "Did you mean 'mean'"),
        ("scale=32", "scal=32", "train_dataloader.dataset.pipeline.0.scal", "Did you mean 'scale'"),
        ("split='train'", "splt='train'", "train_dataloader.dataset.splt", "Did you mean 'split'"),
        ("lr=0.1", "learning_rate=0.1", "optim_wrapper.optimizer.learning_rate", "SGD has no argument"),
        ("milestones=[3]", "steps=[3]", "param_scheduler.1", "needs the argument 'milestones'"),
        ("batch_size=4", "batch_sise=4", "train_dataloader.batch_sise", "Did you mean 'batch_size'"),
        ("max_epochs=5", "max_epochs='5'", "train_cfg.max_epochs", "must be int, got str '5'"),
        ("val_interval=1", "val_interval=0", "train_cfg.val_interval", "must be at least 1, got 0"),
        ("max_epochs=5", "max_iters=5", "train_cfg", "needs max_epochs"),
        ("optim_wrapper =", "optim_wraper =", "optim_wraper", "Did you mean 'optim_wrapper'"),
        ("val_cfg = dict()", "", "val_dataloader", "need val_cfg too"),
        ("dict(seed=0)", "[0]", "randomness", "must be dict, got list"),
        ("='accuracy/top1'", "='accuracy'", "default_hooks.checkpoint.save_best", "'accuracy/top1'"),
        ("'IterTimerHook'", "'ItrTimerHook'", "default_hooks.timer.type", "Did you mean 'IterTimerHook'"),
        (
            "data_prefix=''",
            "data_prefix='no'",
            "val_dataloader.dataset.data_prefix",
            "no file or folder 'no'",
        ),
        ("cudnn_benchmark", "cudnn_bench", "env_cfg.cudnn_bench", "Did you mean 'cudnn_benchmark'"),
        ("type='LeNet5'", PRETRAINED, "model.backbone.init_cfg.checkpoint", "no file or folder 'x.pth'"),
        (EMA, "[dict(type='EarlyStoppingHook', monitor='accuracy/top3')]", "custom_hooks.0.monitor", "top5"),
    ],
)
def test_each_mistake_is_found_with_its_place(write, old, new, at, message):
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    found = [item for item in problems(write, text) if f"({at})" in item or item.startswith(f"{at}:")]
    assert found, problems(write, text)
    assert re.search(re.escape(message), found[0]), found
    if new:
        assert f"c.py:{line(text, new)}" in found[0] or "needs" in found[0]


def test_all_problems_at_once(write):
    text = (
        GOOD.replace("'LeNet5'", "'X'")
        .replace("scale=32", "q=1")
        .replace("batch_size=4, num", "bs=4, num", 1)
    )
    with pytest.raises(ConfigError, match="4 problems in the config") as info:
        require_valid(Config.fromfile(write("c.py", text)))
    assert str(info.value).count("c.py:") == 4  # the pipeline is used twice


def test_an_argument_of_the_type_that_was_inherited(write):
    write("base.py", GOOD)
    changed = "_base_ = 'base.py'\ntrain_dataloader = dict(\n    dataset=dict(type='CustomDataset'))\n"
    (found,) = [item for item in problems(write, changed) if "'split'" in item]
    assert found.endswith("It was set for MNIST: to leave out what that had, add _delete_=True at c.py:3.")
    assert "base.py:9 (train_dataloader.dataset.split)" in found


def test_classes_of_users_are_checked_too(write, monkeypatch):
    write(
        "my_part.py",
        """
        from mmpretrain.registry import HOOKS, METRICS

        @HOOKS.register_module()
        class MyCheckedHook:
            def __init__(self, every: int, mode: str = 'a'):
                pass

        @METRICS.register_module()
        class MyMetric:
            pass
        """,
    )
    monkeypatch.syspath_prepend(".")
    text = GOOD.replace("type='Accuracy', topk=(1, 5)", "type='MyMetric'")
    text = text.replace(
        "[dict(type='EMAHook', momentum=1e-4, priority='ABOVE_NORMAL')]",
        "[dict(type='MyCheckedHook', every='x')]",
    )
    text += "custom_imports = dict(imports=['my_part'], allow_failed_imports=False)\n"
    assert [item.partition(": ")[2] for item in problems(write, text)] == [
        "MyCheckedHook.every must be int, got 'x'"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "model = dict(type=['ResNet'])",
        "model = dict(type=dict(type='ResNet'))",
        "model = dict(type='os.path')",
        "model = dict(type='.ResNet')",
        "model = dict(type='...')",
        "model = dict(type='a\\0.b')",
        "class A:\n    def __repr__(self):\n        raise ValueError\nlog_level = A()",
        "val_evaluator = dict(type='SingleLabelMetric', items=3)",
        "val_evaluator = dict(type='Accuracy', topk=[None])",
        "default_hooks = dict(checkpoint=dict(type='CheckpointHook', save_best=3))",
        "val_dataloader = dict(dataset=dict(type=[1], data_root=3))",
        "train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=float('nan'))",
    ],
)
def test_check_goes_on(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.py").write_text(line)
    problems = validate(Config.fromfile("my.py"))
    assert problems
    assert all(str(problem).startswith("my.py") for problem in problems)
