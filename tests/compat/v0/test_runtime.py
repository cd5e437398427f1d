"""Tests of :mod:`mmpretrain.compat.v0.runtime`."""

# ruff: noqa: E501  (tables: one form a line)

from __future__ import annotations

import pytest

from tests.compat.v0.cases import load


@pytest.mark.parametrize(
    ("old", "metrics", "others"),
    [
        ("interval=12", dict(type="Accuracy", topk=(1, 5)), dict(val_interval=12)),
        ("interval=1, start=200, metric='accuracy', metric_options={'topk': (1, )}",
         dict(type="Accuracy", topk=(1,)), dict(val_interval=1, val_begin=200)),
        ("metric=['precision', 'recall', 'f1_score', 'support'], metric_options=dict(average_mode='none')",
         dict(type="SingleLabelMetric", items=("precision", "recall", "f1-score", "support"), average=None), {}),
        ("metric=['accuracy', 'precision'], metric_options=dict(thrs=(0.1, 0.2))",
         [dict(type="Accuracy", topk=(1, 5), thrs=(0.1, 0.2)),
          dict(type="SingleLabelMetric", items=("precision",), thrs=(0.1, 0.2))], {}),
        ("metric=['mAP', 'CF1', 'OF1'], metric_options=dict(thr=0.4)",
         [dict(type="AveragePrecision"), dict(type="MultiLabelMetric", items=("f1-score",), average="macro", thr=0.4),
          dict(type="MultiLabelMetric", items=("f1-score",), average="micro", thr=0.4)], {}),
    ],
)  # fmt: skip
def test_evaluation(old, metrics, others):
    cfg = load(f"data = dict(val=dict(type='A'))\nevaluation = dict({old})\n")
    assert cfg.val_evaluator == metrics
    assert cfg.get("train_cfg", {}) == others
    assert "test_evaluator" not in cfg


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("True", "auto"),
        ("'auto'", "auto"),
        ("'accuracy_top-1'", "accuracy/top1"),
        ("'f1_score'", "single-label/f1-score"),
        ("'mAP'", "multi-label/mAP"),
    ],
)
def test_save_best(old, new):
    cfg = load(f"data = dict(val=dict(type='A'))\nevaluation = dict(save_best={old}, rule='greater')\n")
    assert cfg.default_hooks.checkpoint == dict(type="CheckpointHook", save_best=new, rule="greater")


def test_loggers_and_hooks():
    cfg = load(
        """
        log_config = dict(interval=20, hooks=[
            dict(type='TextLoggerHook', interval=10),
            dict(type='TensorboardLoggerHook', log_dir='tb'),
            dict(type='WandbLoggerHook', init_kwargs=dict(project='x')),
            dict(type='MlflowLoggerHook', exp_name='e', tags=dict(a='b'))])
        custom_hooks = [
            dict(type='EMAHook', interval=100, priority='HIGH', warm_up=100),
            dict(type='SyncBuffersHook'), dict(type='EmptyCacheHook', after_epoch=True),
            dict(type='MyHook', a=1, priority='NORMAL')]
        """
    )
    assert cfg.default_hooks.logger == dict(type="LoggerHook", interval=10)
    assert cfg.visualizer.vis_backends == [
        dict(type="LocalVisBackend"),
        dict(type="TensorboardVisBackend", save_dir="tb"),
        dict(type="WandbVisBackend", init_kwargs=dict(project="x")),
        dict(type="MLflowVisBackend", exp_name="e", tags=dict(a="b")),
    ]
    assert cfg.custom_hooks == [
        dict(type="EMAHook", interval=100, priority="HIGH"),
        dict(type="SyncBuffersHook"),
        dict(type="EmptyCacheHook", after_epoch=True),
        dict(type="MyHook", a=1, priority="NORMAL"),
    ]


def test_environment_and_resuming():
    cfg = load(
        """
        dist_params = dict(backend='gloo', port=29500)
        cudnn_benchmark = True
        mp_start_method = 'spawn'
        opencv_num_threads = 2
        seed = 3
        deterministic = True
        gpu_ids = [0]
        find_unused_parameters = True
        load_from = 'a.pth'
        resume_from = 'b.pth'
        """
    )
    assert cfg.env_cfg == dict(
        dist_cfg=dict(backend="gloo", port=29500),
        cudnn_benchmark=True,
        mp_cfg=dict(mp_start_method="spawn", opencv_num_threads=2),
    )
    assert cfg.randomness == dict(seed=3, deterministic=True)
    assert (cfg.load_from, cfg.resume, cfg.find_unused_parameters) == ("b.pth", True, True)
    assert "gpu_ids" not in cfg


def test_profiler():
    cfg = load(
        "runner = dict(type='EpochBasedRunner', max_epochs=1)\n"
        "custom_hooks = [dict(type='ProfilerHook', by_epoch=False, profile_iters=4, activities=['cpu'])]\n"
    )
    (hook,) = cfg.custom_hooks
    assert dict(hook) == dict(
        type="ProfilerHook", by_epoch=False, profile_times=4, activity_with_cpu=True, activity_with_cuda=False
    )
