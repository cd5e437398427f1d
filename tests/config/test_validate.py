"""Mistakes are found before anything is built, all at once."""

from __future__ import annotations

import re
import textwrap

import pytest

from mmpretrain.arguments import describe, fits
from mmpretrain.config import Config
from mmpretrain.config.validate import require_valid, validate
from mmpretrain.errors import ConfigError

GOOD = textwrap.dedent(
    """
    model = dict(
        type='ImageClassifier',
        backbone=dict(type='LeNet5'),
        head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss', loss_weight=1.0)))
    data_preprocessor = dict(mean=[33.46], std=[78.87], num_classes=10)
    pipeline = [dict(type='Resize', scale=32), dict(type='PackInputs')]
    train_dataloader = dict(
        batch_size=4, num_workers=0,
        dataset=dict(type='MNIST', data_root='data/mnist', split='train', pipeline=pipeline),
        sampler=dict(type='DefaultSampler', shuffle=True))
    val_dataloader = dict(
        batch_size=4, num_workers=0,
        dataset=dict(type='CustomDataset', data_prefix='', pipeline=pipeline),
        sampler=dict(type='DefaultSampler', shuffle=False))
    val_evaluator = dict(type='Accuracy', topk=(1, 5))
    optim_wrapper = dict(
        optimizer=dict(type='SGD', lr=0.1), clip_grad=dict(max_norm=1.0),
        paramwise_cfg=dict(norm_decay_mult=0.0))
    param_scheduler = [
        dict(type='LinearLR', start_factor=0.1, by_epoch=True, end=1, convert_to_iter_based=True),
        dict(type='MultiStepLR', milestones=[3])]
    train_cfg = dict(by_epoch=True, max_epochs=5, val_interval=1)
    val_cfg = dict()
    default_hooks = dict(
        timer=dict(type='IterTimerHook'),
        checkpoint=dict(type='CheckpointHook', interval=1, save_best='accuracy/top1'))
    custom_hooks = [dict(type='EMAHook', momentum=1e-4, priority='ABOVE_NORMAL')]
    randomness = dict(seed=0)
    env_cfg = dict(cudnn_benchmark=False, mp_cfg=dict(mp_start_method='fork'))
    """
).lstrip()


EMA = "[dict(type='EMAHook', momentum=1e-4, priority='ABOVE_NORMAL')]"
PRETRAINED = "type='LeNet5', init_cfg=dict(type='Pretrained', checkpoint='x.pth')"


def problems(write, text: str) -> list[str]:
    return [str(item) for item in validate(Config.fromfile(write("c.py", text)))]


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


def test_save_best_without_validation(write):
    text = GOOD.replace("val_evaluator = dict", "x = dict").replace("val_cfg = dict()", "")
    text = text.replace("val_dataloader = dict", "y = dict")
    assert any("there is no val_evaluator" in item for item in problems(write, text))


def test_a_metric_for_one_label_meets_a_data_set_with_several(write):
    text = GOOD.replace("type='CustomDataset', data_prefix=''", "type='MultiLabelDataset', ann_file=''")
    assert any("Accuracy is for one label per image" in item for item in problems(write, text))


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


def test_results_of_the_metrics_are_those_that_they_report():
    """The names that the check knows are the names that the metrics give."""
    import torch

    from mmpretrain.config.checks.results import result_names
    from mmpretrain.registry import METRICS
    from mmpretrain.structures import DataSample

    samples = []
    for label in (0, 1, 2, 1):
        sample = DataSample().set_gt_label(label).set_pred_score(torch.eye(6)[label])
        samples.append({"pred_score": sample.pred_score, "gt_label": sample.gt_label})
    for metric in (
        dict(type="Accuracy", topk=(1, 5)),
        dict(type="Accuracy", topk=(1, 2), thrs=(0.0, None)),
        dict(type="SingleLabelMetric"),
        dict(type="SingleLabelMetric", items=("precision",), average=None),
        dict(type="SingleLabelMetric", average="micro", thrs=(0.1, 0.5)),
        dict(type="MultiLabelMetric", thr=0.5),
        dict(type="MultiLabelMetric", thr=0.3, average=None),
        dict(type="MultiLabelMetric", topk=2, average="micro"),
        dict(type="AveragePrecision"),
    ):
        built = METRICS.build(metric)
        built.process(None, [dict(sample, num_classes=6) for sample in samples])
        assert set(built.evaluate(len(samples))) == result_names([metric]), metric
    assert result_names([dict(type="Unknown")]) is None


def test_annotations():
    from typing import Literal

    assert fits(1, float)
    assert fits((1, 2), list[int])
    assert fits(None, int | None)
    assert not fits("1", int | None)
    assert not fits("c", Literal["a", "b"])
    assert fits({"type": "x"}, Config)
    assert not fits(3, str)
    assert describe(Literal["a", "b"] | None) == "one of 'a', 'b' or None"
