"""Hooks of one idea each, mostly in a real run of a tiny model."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from mmpretrain.engine.hooks import (
    DenseCLHook,
    EarlyStoppingHook,
    EmptyCacheHook,
    PrepareTTAHook,
    ProfilerHook,
    SetAdaptiveMarginsHook,
    SimSiamHook,
    SwAVHook,
    SwitchRecipeHook,
    SyncBuffersHook,
    build_runner_with_tta,
)
from mmpretrain.engine.runner.dataloader import start_epoch
from mmpretrain.errors import ConfigError, TrainingError
from mmpretrain.registry import DATASETS, HOOKS
from mmpretrain.structures import DataSample
from tests.engine import tiny

# -- early stopping -----------------------------------------------------------------------------------


def metrics_runner():
    state = SimpleNamespace(training=True)
    return SimpleNamespace(state=state, train_loop=SimpleNamespace(stop_training=False))


def stops_after(hook, values):
    runner = metrics_runner()
    for index, value in enumerate(values):
        hook.after_val_epoch(runner, {"acc": value})
        if runner.train_loop.stop_training:
            return index
    return None


@pytest.mark.parametrize(
    ("arguments", "values", "stop"),
    [
        ({}, [1, 2, 3, 3, 3, 3, 3, 3], 7),
        ({"patience": 2}, [50, 50.05, 50.2, 50.25, 50.25], 4),
        ({"patience": 1, "rule": "less", "min_delta": 1}, [5, 4, 2.9, 2], 3),
        ({"stopping_threshold": 90}, [80, 89, 91, 92], 2),
        ({}, [80, float("nan")], 1),
        ({"check_finite": False, "patience": 1}, [80, 81, 82], None),
    ],
)
def test_early_stopping(arguments, values, stop):
    assert stops_after(EarlyStoppingHook(monitor="acc", **arguments), values) == stop


def test_early_stopping_goes_on_after_resumption():
    one, two = (EarlyStoppingHook(monitor="acc", patience=3) for _ in range(2))
    assert stops_after(one, [5, 5, 5]) is None
    two.load_state_dict(one.state_dict())
    assert stops_after(two, [5]) == 0


def test_early_stopping_rules(caplog):
    assert EarlyStoppingHook("accuracy/top1").rule == "greater"
    assert EarlyStoppingHook("val_loss").rule == "less"
    with pytest.raises(ConfigError, match="whether greater or less is better"):
        EarlyStoppingHook("speed")
    with pytest.raises(ConfigError, match="'greater' or 'less'"):
        EarlyStoppingHook("acc", rule="more")  # type: ignore[arg-type]
    EarlyStoppingHook("auc").after_val_epoch(metrics_runner(), {"acc": 1.0})
    assert "watches 'auc', but the metrics are: acc" in caplog.text
    with pytest.raises(TrainingError, match="watches 'auc'"):
        EarlyStoppingHook("auc", strict=True).after_val_epoch(metrics_runner(), {"acc": 1.0})


def test_early_stopping_in_a_run(make_runner):
    hook = dict(type="EarlyStoppingHook", monitor="acc", patience=1, min_delta=1000)
    runner = make_runner(custom_hooks=[hook], train_cfg=dict(by_epoch=True, max_epochs=9))
    runner.train()
    assert runner.epoch == 2


# -- batch norm, buffers, memory, profiler ------------------------------------------------------------


class WithPreprocessor(tiny.TinyModel):
    def __init__(self):
        super().__init__(dropout=0.0)
        self.data_preprocessor = lambda data, training: {"inputs": data["inputs"]}


@pytest.mark.parametrize(
    "train_cfg",
    [dict(by_epoch=True, max_epochs=2), dict(by_epoch=False, max_iters=16, val_interval=100)],
    ids=["epochs", "iterations"],
)
@pytest.mark.parametrize("workers", [0, 1])
def test_precise_bn_in_a_run(make_runner, train_cfg, workers):
    """The statistics at the end are those of the last weights, and training is not disturbed."""

    def train(hooks):
        torch.manual_seed(0)
        data = tiny.loader(workers=workers)
        runner = make_runner(
            model=WithPreprocessor(),
            train_dataloader=data,
            train_cfg=train_cfg,
            custom_hooks=hooks,
            param_scheduler=None,
        )
        runner.train()
        return runner

    by_epoch = train_cfg["by_epoch"]
    runner = train([dict(type="PreciseBNHook", num_samples=16, interval=1 if by_epoch else 8)])
    plain = train([])
    for name, param in plain.model.named_parameters():
        assert torch.equal(param, dict(runner.model.named_parameters())[name])
    bn = runner.model.backbone[1]
    assert not torch.equal(bn.running_mean, plain.model.backbone[1].running_mean)
    if workers == 0:
        seen, expected = (len(r.train_dataloader.dataset.loaded) for r in (runner, plain))
        assert seen - expected == 2 * 16
    if by_epoch:
        batches = start_epoch(runner.train_dataloader, runner.epoch - 1)
        outputs = [runner.model.backbone[0](batch["inputs"]) for _, batch in zip(range(4), batches)]
        assert torch.allclose(bn.running_mean, torch.stack([x.mean(0) for x in outputs]).mean(0), atol=1e-5)
        assert torch.allclose(bn.running_var, torch.stack([x.var(0) for x in outputs]).mean(0), atol=1e-5)


def test_precise_bn_settings():
    with pytest.raises(ConfigError, match="must be positive"):
        HOOKS.build(dict(type="PreciseBNHook", num_samples=0))


def test_sync_buffers(monkeypatch):
    calls = []
    monkeypatch.setattr(
        "mmpretrain.engine.hooks.sync_buffers.all_reduce_params", lambda buffers, op: calls.append(op)
    )
    hook, runner = SyncBuffersHook(), SimpleNamespace(model=nn.BatchNorm1d(2))
    hook.after_train_epoch(runner)
    hook.before_val_epoch(runner)  # nothing has changed since
    assert calls == ["mean"]
    hook.before_val_epoch(runner)
    assert calls == ["mean", "mean"]


@pytest.mark.parametrize(
    ("arguments", "count"),
    [({}, 5), ({"before_epoch": True}, 10), ({"after_epoch": False, "after_iter": True}, 32)],
)
def test_empty_cache(make_runner, monkeypatch, arguments, count):
    calls = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: calls.append(1))
    runner = make_runner(custom_hooks=[EmptyCacheHook(**arguments)])
    monkeypatch.setattr("mmpretrain.engine.hooks.empty_cache.torch.cuda.is_available", lambda: True)
    for hook in runner.hooks_of(EmptyCacheHook):
        for _ in range(3):
            hook.before_train_epoch(runner)
            for index in range(8):
                hook.after_train_iter(runner, index)
            hook.after_train_epoch(runner)
        for _ in range(2):
            hook.before_val_epoch(runner)
            for index in range(4):
                hook.after_val_iter(runner, index)
            hook.after_val_epoch(runner)
    assert len(calls) == count


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"by_epoch": False, "profile_times": 5, "schedule": dict(wait=1, warmup=1, active=3)},
    ],
)
def test_profiler(make_runner, tmp_path, caplog, arguments):
    trace = tmp_path / "trace.json"
    hook = dict(
        type="ProfilerHook",
        json_trace_path=str(trace),
        on_trace_ready=dict(type="log_trace", sort_by="cpu_time_total", row_limit=5),
        **arguments,
    )
    caplog.set_level("INFO", "mmpretrain")
    runner = make_runner(custom_hooks=[hook], train_cfg=dict(by_epoch=True, max_epochs=1))
    runner.train()
    assert runner.hooks_of(ProfilerHook)[0].profiler is None
    assert any("aten::" in event.get("name", "") for event in json.loads(trace.read_text())["traceEvents"])
    assert "aten::" in next((tmp_path / "work").rglob("*.log")).read_text()


def test_profiler_traces_for_tensorboard(make_runner):
    hook = dict(type="ProfilerHook", by_epoch=False, profile_times=2, on_trace_ready=dict(type="tb_trace"))
    runner = make_runner(custom_hooks=[hook])
    runner.train()
    folder = runner.log_dir + "/tf_tracing_logs"
    assert list(Path(folder).glob("*.pt.trace.json"))


def test_profiler_ends_with_the_run(make_runner):
    class Failing(tiny.TinyModel):
        def train_step(self, data, optim_wrapper):
            raise RuntimeError("broken")

    runner = make_runner(model=Failing(), custom_hooks=[dict(type="ProfilerHook")])
    with pytest.raises(RuntimeError, match="broken"):
        runner.train()
    assert runner.hooks_of(ProfilerHook)[0].profiler is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"profile_times": 0}, "must be positive"),
        ({"profile_times": 2}, "one epoch is enough"),
        ({"on_trace_ready": dict(type="no")}, "'log_trace' or 'tb_trace'"),
        ({"on_trace_ready": 3}, "a function or a dict"),
        ({"by_epoch": False, "profile_times": 1000}, "more than the run has"),
    ],
)
def test_profiler_settings(make_runner, arguments, message):
    with pytest.raises(ConfigError, match=message):
        make_runner(custom_hooks=[dict(type="ProfilerHook", **arguments)]).train()


# -- switching the recipe -----------------------------------------------------------------------------


class Shift:
    def __init__(self, by):
        self.by = by

    def __call__(self, data):
        return {"inputs": data["inputs"] + self.by, "data_samples": data["data_samples"]}


class WithPipeline(tiny.NoisyVectors):
    def __init__(self):
        super().__init__(size=8)
        self.pipeline = Shift(0)

    def __getitem__(self, index):
        return self.pipeline(super().__getitem__(index))


class Wrapper(torch.utils.data.Dataset):
    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        return self.dataset[index]


class Recipe(tiny.TinyModel):
    def __init__(self):
        super().__init__()
        self.seen = []
        self.head.loss_module = nn.Identity()
        self.data_preprocessor = SimpleNamespace(batch_augments=None, to_onehot=False)

    def train_step(self, data, optim_wrapper):
        augments = self.data_preprocessor.batch_augments
        self.seen.append(
            (
                bool(data["inputs"].mean() > 50),
                type(augments).__name__,
                type(self.head.loss_module).__name__,
            )
        )
        return super().train_step(data, optim_wrapper)


def recipe_runner(make_runner, **changes):
    schedule = [
        dict(action_epoch=3, loss=nn.CrossEntropyLoss(), batch_augments=None),
        dict(
            action_epoch=2,
            train_pipeline=Shift(100),
            batch_augments=dict(augments=dict(type="Mixup", alpha=0.2)),
        ),
    ]
    data = tiny.loader(workers=changes.pop("workers", 0)) | {
        "dataset": Wrapper(WithPipeline()),
        "batch_size": 8,
    }
    return make_runner(
        model=Recipe(),
        train_dataloader=data,
        custom_hooks=[dict(type="SwitchRecipeHook", schedule=schedule)],
        default_hooks=dict(checkpoint=dict(type="CheckpointHook", interval=1, max_keep_ckpts=-1)),
        **changes,
    )


RECIPES = [
    (False, "NoneType", "Identity"),
    (True, "RandomBatchAugment", "Identity"),
    (True, "NoneType", "CrossEntropyLoss"),
]


@pytest.mark.parametrize("workers", [0, 1])
def test_switch_recipe(make_runner, workers):
    runner = recipe_runner(make_runner, workers=workers)
    runner.train()
    assert runner.model.seen == RECIPES
    assert runner.model.data_preprocessor.to_onehot


def test_switch_recipe_after_resumption(make_runner, tmp_path):
    recipe_runner(make_runner).train()
    path = str(tmp_path / "work" / "epoch_2.pth")
    runner = recipe_runner(make_runner, load_from=path, resume=True, work_dir=str(tmp_path / "next"))
    runner.train()
    assert runner.model.seen == RECIPES[2:]


def test_switch_recipe_and_a_loader_built_by_hand():
    """Its workers would go on with the old pipeline."""
    loader = torch.utils.data.DataLoader(WithPipeline(), num_workers=1, persistent_workers=True)
    hook = SwitchRecipeHook(schedule=[dict(action_epoch=1, train_pipeline=Shift(1))])
    loop = SimpleNamespace(dataloader=loader)
    with pytest.raises(ConfigError, match="cannot reach the workers"):
        hook.before_train_epoch(SimpleNamespace(epoch=0, train_loop=loop, model=Recipe()))


def test_switch_recipe_key_of_the_zoo():
    pipeline = [dict(type="PackInputs")]
    hook = SwitchRecipeHook(schedule=[dict(action_epoch=1, pipeline=pipeline)])
    assert list(hook.schedule[1]) == ["train_pipeline"]


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ([dict(loss=nn.Identity())], "needs an 'action_epoch'"),
        ([dict(action_epoch=1), dict(action_epoch=1)], "is there twice"),
        ([dict(action_epoch=1, optimizer={})], "cannot switch 'optimizer'"),
    ],
)
def test_switch_recipe_settings(schedule, message):
    with pytest.raises(ConfigError, match=message):
        SwitchRecipeHook(schedule=schedule)


# -- numbers of the model -----------------------------------------------------------------------------


def fake_runner(model, **attributes):
    return SimpleNamespace(**{"model": model, "iter": 0, "epoch": 0, **attributes})


def test_warmup_param(make_runner):
    class WithAlpha(tiny.TinyModel):
        seen: list = []

        def __init__(self):
            super().__init__()
            self.head.alpha = 2.0

        def train_step(self, data, optim_wrapper):
            self.seen.append(self.head.alpha)
            return super().train_step(data, optim_wrapper)

    hook = dict(type="WarmupParamHook", param_name="alpha", module_name="head", warmup_epochs=2)
    model = WithAlpha()
    make_runner(model=model, custom_hooks=[hook]).train()
    assert model.seen == pytest.approx([2.0 * min(1, i / 16) for i in range(24)])
    with pytest.raises(ConfigError, match="module_name='neck'"):
        make_runner(model=WithAlpha(), custom_hooks=[{**hook, "module_name": "neck"}]).train()


def test_densecl():
    model = nn.Linear(1, 1)
    with pytest.raises(ConfigError, match="loss_lambda"):
        DenseCLHook().before_train(fake_runner(model))
    model.loss_lambda = 0.5
    hook, seen = DenseCLHook(start_iters=2), []
    hook.before_train(fake_runner(model))
    for iteration in range(4):
        hook.before_train_iter(fake_runner(model, iter=iteration), iteration)
        seen.append(model.loss_lambda)
    assert seen == [0.0, 0.0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        (SimSiamHook(fix_pred_lr=True, lr=0.05), (0.05, 1.0)),
        (SimSiamHook(fix_pred_lr=True, lr=0.05, adjust_by_epoch=False), (0.05, 0.05)),
        (SimSiamHook(fix_pred_lr=False, lr=0.05), (1.0, 1.0)),
    ],
)
def test_simsiam(hook, expected):
    groups = [{"lr": 1.0, "fix_lr": True}, {"lr": 1.0}]
    runner = SimpleNamespace(optim_wrapper=SimpleNamespace(optimizer=SimpleNamespace(param_groups=groups)))
    hook.before_train_epoch(runner)
    at_epoch, groups[0]["lr"] = groups[0]["lr"], 1.0
    hook.before_train_iter(runner, 0)
    assert (at_epoch, groups[0]["lr"]) == expected
    assert groups[1]["lr"] == 1.0


class SwAV(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Module()
        self.head.prototypes = nn.Linear(2, 2)
        self.head.loss_module = SimpleNamespace(queue=None, use_queue=True)


def test_swav(tmp_path):
    arguments = dict(batch_size=4, epoch_queue_starts=1, feat_dim=2, queue_length=9)
    hook = SwAVHook(**arguments, frozen_layers_cfg={"prototypes": 3})
    model = SwAV()
    loss, param = model.head.loss_module, model.head.prototypes.weight
    hook.before_run(fake_runner(model, work_dir=str(tmp_path)))
    trained = []
    for epoch in range(2):
        hook.before_train_epoch(fake_runner(model, epoch=epoch))
        assert (loss.queue is None) == (epoch == 0)
        assert not loss.use_queue
        for iteration in range(2 * epoch, 2 * epoch + 2):
            hook.before_train_iter(fake_runner(model, iter=iteration), iteration)
            trained.append(param.requires_grad)
            hook.after_train_iter(fake_runner(model), iteration)
    assert trained == [False, False, False, True]
    assert loss.queue.shape == (2, 8, 2)
    loss.queue = loss.queue + 3
    hook.after_train_iter(fake_runner(model), 4)
    other = SwAVHook(**arguments)
    other.load_state_dict(hook.state_dict())
    other.before_train_epoch(fake_runner(model, epoch=2))
    assert torch.equal(loss.queue, torch.full((2, 8, 2), 3.0))


def test_swav_queue_of_1x(tmp_path):
    torch.save({"queue": torch.ones(2, 8, 2)}, tmp_path / "queue.pth")
    hook = SwAVHook(batch_size=4, queue_length=8)
    hook.before_run(fake_runner(SwAV(), work_dir=str(tmp_path)))
    assert hook.queue is not None
    assert hook.queue.shape == (2, 8, 2)


def test_adaptive_margins():
    """Numbers of the reference environment for these labels."""

    class Head(nn.Module):
        num_classes = 4

        def set_margins(self, margins):
            self.margins = margins

    model = nn.Module()
    model.head = Head()
    labels = [0] * 100 + [1] * 16 + [2]
    dataset = SimpleNamespace(get_gt_labels=lambda: np.array([*labels, 3, 3]))
    runner = fake_runner(model, train_dataloader=SimpleNamespace(dataset=dataset))
    SetAdaptiveMarginsHook().before_train(runner)
    assert model.head.margins == pytest.approx([0.05, 0.17094306, 0.5, 0.39529172], abs=1e-6)
    model.head.num_classes = 3
    with pytest.raises(ConfigError, match="labels up to 3"):
        SetAdaptiveMarginsHook().before_train(runner)
    with pytest.raises(ConfigError, match="ArcFaceClsHead"):
        SetAdaptiveMarginsHook().before_train(fake_runner(nn.Linear(1, 1)))


def test_class_num_check(make_runner, caplog):
    hooks = [dict(type="ClassNumCheckHook")]
    model = tiny.TinyModel()
    model.head.num_classes = 2
    make_runner(model=model, custom_hooks=hooks).train()
    model.head.num_classes = 3
    for mode in ("train", "val", "test"):
        with pytest.raises(
            ConfigError, match=r"Linear \(head\) has num_classes=3, but NoisyVectors has 2 classes"
        ):
            getattr(make_runner(model=model, custom_hooks=hooks), mode)()
    check = HOOKS.build(hooks[0])
    check._check(model, SimpleNamespace())
    assert "names no classes" in caplog.text
    with pytest.raises(ConfigError, match="sequence of names"):
        check._check(model, SimpleNamespace(CLASSES="cat"))


def test_prototypes_before_validation(make_runner, caplog):
    class Retriever(tiny.TinyModel):
        prepared = 0

        def prepare_prototype(self):
            self.prepared += 1

    model = Retriever()
    hooks = [dict(type="PrepareProtoBeforeValLoopHook")]
    make_runner(model=model, custom_hooks=hooks).train()
    assert model.prepared == 3
    make_runner(custom_hooks=hooks).val()
    assert "has no prototypes" in caplog.text


# -- test-time augmentation and pictures --------------------------------------------------------------


class Views(tiny.TinyModel):
    def __init__(self, module):
        super().__init__()
        self.module = module

    def test_step(self, data):
        self.module.used_by = self
        return self.module.test_step(data)


def test_prepare_tta(make_runner):
    model = tiny.TinyModel()
    runner = make_runner(model=model, custom_hooks=[PrepareTTAHook(dict(type=Views))])
    runner.test()
    assert model.used_by is runner.model


def test_runner_with_tta(tmp_path):
    from mmpretrain.config import ConfigDict

    cfg = ConfigDict(tiny.config(work_dir=str(tmp_path), tta_model=dict(type=Views), tta_pipeline=[]))
    inner = dict(type=WithGivenPipeline)
    cfg["test_dataloader"] = tiny.loader() | {"dataset": dict(type=Chain, datasets=[inner, dict(inner)])}
    runner = build_runner_with_tta(cfg)
    runner.test()
    assert isinstance(runner.model, Views)
    with pytest.raises(ConfigError, match="'tta_model'"):
        build_runner_with_tta(ConfigDict())


class WithGivenPipeline(tiny.NoisyVectors):
    def __init__(self, pipeline):
        super().__init__(size=8)
        assert list(pipeline) == []


class Chain(torch.utils.data.ConcatDataset):
    def __init__(self, datasets):
        super().__init__([DATASETS.build(dataset) for dataset in datasets])


class Drawings:
    def __init__(self):
        self.drawn = []

    def visualize_cls(self, image, data_sample, **kwargs):
        self.drawn.append((image.shape, kwargs))

    def add_datasample(self, name, image, data_sample, **kwargs):
        self.drawn.append((name, image.shape, kwargs))


def drawing_runner(**attributes):
    loader = SimpleNamespace(dataset=None)
    return SimpleNamespace(
        visualizer=Drawings(), epoch=3, iter=40, state=SimpleNamespace(by_epoch=True), val_dataloader=loader,
        test_dataloader=loader, **attributes,
    )  # fmt: skip


BATCH = {"inputs": [torch.full((3, 4, 5), float(i)) for i in range(4)]}
SAMPLES = [DataSample(metainfo={"img_path": f"a/{i}.jpg"} if i else {}) for i in range(4)]


@pytest.mark.parametrize("mode", ["val", "test"])
def test_visualization(tmp_path, mode):
    hook = HOOKS.build(
        dict(type="VisualizationHook", enable=True, interval=3, out_dir=str(tmp_path), resize=8)
    )
    runner = drawing_runner()
    for index in range(2):
        getattr(hook, f"after_{mode}_iter")(runner, index, BATCH, SAMPLES)
    step = 3 if mode == "val" else 0
    names = [(kwargs["name"], kwargs["step"], kwargs["resize"]) for _, kwargs in runner.visualizer.drawn]
    assert names == [("0", step, 8), ("3.jpg", step, 8), ("2.jpg", step, 8)]  # samples 0, 3 and 6
    assert runner.visualizer.drawn[0][0] == (4, 5, 3)
    assert runner.visualizer.drawn[1][1]["out_file"] == str(tmp_path / f"3.jpg_{step}.png")
    idle = drawing_runner()
    getattr(HOOKS.build(dict(type="VisualizationHook")), f"after_{mode}_iter")(idle, 0, BATCH, SAMPLES)
    assert idle.visualizer.drawn == []


def test_naive_visualization():
    runner = drawing_runner()
    hook = HOOKS.build(dict(type="NaiveVisualizationHook", interval=2, draw_gt=False))
    for index in range(2):
        hook.after_test_iter(runner, index, BATCH, SAMPLES)
    assert [name for name, *_ in runner.visualizer.drawn] == ["1_0", "1.jpg", "2.jpg", "3.jpg"]
    assert runner.visualizer.drawn[0][2] == {"draw_gt": False, "draw_pred": True, "step": 1}


@pytest.mark.parametrize("name", ["NPUProfilerHook", "RFSearchHook"])
def test_hooks_that_are_gone(name):
    with pytest.raises(ConfigError, match=f"{name} .* not part of mmpretrain"):
        HOOKS.build(dict(type=name))
