"""A whole run: what it writes, and what it returns."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from pathlib import Path

import pytest
import torch
from rich.console import Console

from mmpretrain import registry
from mmpretrain.checkpoints import serialization
from mmpretrain.config import Config
from mmpretrain.engine.hooks import Hook, ProgressBarHook, iter_timer
from mmpretrain.engine.runner import FlexibleRunner
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import RUNNERS
from mmpretrain.utils.progress import make_progress
from tests.engine import tiny

HOOKS = dict(
    logger=dict(type="LoggerHook", interval=2),
    checkpoint=dict(type="CheckpointHook", interval=1, save_best="auto", max_keep_ckpts=2),
)


def test_train_then_test(make_runner):
    runner = make_runner(default_hooks=HOOKS)
    model = runner.train()
    assert isinstance(model, tiny.TinyModel)
    assert (runner.epoch, runner.iter, runner.max_iters) == (3, 24, 24)
    work = Path(runner.work_dir)
    best = f"best_acc_epoch_{runner.state.best_checkpoint[-5]}.pth"
    assert {p.name for p in work.iterdir() if p.is_file()} == {
        "epoch_2.pth",
        "epoch_3.pth",
        "last_checkpoint",
        "run.json",
        best,
    }
    assert (work / "last_checkpoint").read_text() == str(work / "epoch_3.pth") == runner.state.last_checkpoint
    assert runner.state.best_score > 90
    assert runner.test()["acc"] > 90


def test_checkpoint_has_the_layout_of_1x(make_runner):
    runner = make_runner()
    runner.train()
    content = serialization.load(runner.state.last_checkpoint)
    assert {"meta", "state_dict", "optimizer", "param_schedulers", "message_hub"} <= set(content)
    assert content["meta"]["epoch"] == 3
    assert content["meta"]["iter"] == 24
    assert content["meta"]["dataset_meta"] == tiny.NoisyVectors.metainfo
    # Anything that torch itself calls safe can be read by anyone.
    assert torch.load(runner.state.last_checkpoint, weights_only=True)["meta"]["seed"] == 0


def test_log_lines(make_runner):
    runner = make_runner()
    runner.train()
    text = Path(runner.state.log_path).read_text()
    number = r"\d+\.\d{4}"
    train = (
        r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d - mmpretrain - INFO - Epoch\(train\) \[1\]\[2/8\]  lr: 1\.0000e-01  "
        rf"eta: \d:\d\d:\d\d  time: {number}  data_time: {number}  loss: {number}\n"
    )
    val = rf"Epoch\(val\) \[3\]\[4/4\]    acc: {number}  data_time: {number}  time: {number}\n"
    assert re.search(train, text)
    assert re.search(val, text)
    assert "System environment" in text


def test_metrics_csv(make_runner):
    runner = make_runner()
    runner.train()
    with Path(runner.log_dir, "vis_data", "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["mode"] for row in rows].count("train") == 12
    assert [float(row["acc"]) for row in rows if row["mode"] == "val"][-1] == runner.state.metrics["acc"]
    assert float(rows[0]["lr"]) == 0.1


def test_iteration_loop_validates_at_its_intervals(make_runner):
    runner = make_runner(
        train_cfg=dict(by_epoch=False, max_iters=12, val_interval=5, val_begin=5, dynamic_intervals=[(8, 1)]),
        param_scheduler=None,
        default_hooks=dict(checkpoint=dict(type="CheckpointHook", interval=6, by_epoch=False)),
        log_processor=dict(by_epoch=False),
    )
    seen: list[int] = []

    class Watch(Hook):
        def before_val(self, runner):
            seen.append(runner.iter)

    runner.register_hook(Watch())
    runner.train()
    assert seen == [5, 8, 9, 10, 11, 12]
    assert Path(runner.work_dir, "iter_6.pth").exists()
    assert Path(runner.work_dir, "iter_12.pth").exists()


def test_hooks_run_in_order_of_priority(make_runner):
    order: list[str] = []

    class Noted(Hook):
        def __init__(self, name):
            self.name = name

        def before_train(self, runner):
            order.append(self.name)

    runner = make_runner()
    runner.register_hook(Noted("late"), priority=95)
    runner.register_hook(Noted("normal"))
    runner.register_hook(Noted("first"), priority="HIGHEST")
    runner.register_hook(Noted("normal, too"))
    runner.call_hook("before_train")
    assert order == ["first", "normal", "normal, too", "late"]


def test_default_hooks_can_be_left_out(make_runner):
    runner = make_runner(default_hooks=dict(checkpoint=None, timer=None))
    runner.train()
    assert not list(Path(runner.work_dir).glob("*.pth"))


def test_no_default_hook_is_needed(make_runner, tmp_path):
    """Loops, validations and the order of samples are the same without any hook but the schedulers'."""
    first = make_runner(work_dir=str(tmp_path / "first"))
    first.train()
    names = ("runtime_info", "invalid_loss", "timer", "sampler_seed", "logger", "checkpoint")
    second = make_runner(work_dir=str(tmp_path / "second"), default_hooks=dict.fromkeys(names))
    second.train()
    for one, two in zip(first.model.state_dict().values(), second.model.state_dict().values()):
        assert torch.equal(one, two)
    assert second.state.metrics == first.state.metrics
    assert second.message_hub.get_info("iter") == second.state.iter == 24
    assert second.state.validated_at == 24


class Plain:
    """A hook that extends nothing."""

    priority = "HIGH"

    def __init__(self):
        self.seen = []

    def before_train_epoch(self, runner):
        self.seen.append(runner.epoch)

    def after_train(self, runner):
        self.seen.append("end")


def test_a_hook_need_not_extend_anything(make_runner):
    hook = Plain()
    runner = make_runner(custom_hooks=[hook, dict(type=Plain, priority="LOWEST")])
    runner.train()
    assert hook.seen == [0, 1, 2, "end"]
    assert runner.hooks[-1].seen == hook.seen
    assert "(HIGH        ) Plain" in runner.get_hooks_info()
    with pytest.raises(ConfigError, match="no method for any point"):
        runner.register_hook(tiny.NoisyVectors())


def test_incomplete_config_is_refused(make_runner):
    with pytest.raises(ConfigError, match="optim_wrapper missing"):
        make_runner(optim_wrapper=None, param_scheduler=None)


def test_misspelt_metric_is_named(make_runner):
    runner = make_runner(default_hooks=dict(checkpoint=dict(type="CheckpointHook", save_best="accc")))
    with pytest.raises(ConfigError, match="Did you mean 'acc'"):
        runner.train()


def test_auto_scale_lr(make_runner):
    runner = make_runner(auto_scale_lr=dict(enable=True, base_batch_size=16), param_scheduler=None)
    runner.train()
    assert runner.optim_wrapper.get_lr()["lr"][0] == pytest.approx(0.1 * 4 / 16)


class PairModel(torch.nn.Module):
    """Knows its images by number."""

    def data_preprocessor(self, data, training):
        return data

    def forward(self, inputs, data_samples=None, mode="tensor"):
        return {"image_feat": inputs, "names": [index for index, _ in data_samples]}

    def predict_all(self, features, data_samples, num_images, num_texts):
        assert features["image_feat"].shape == (num_images, 4)
        assert features["names"] == [index for index, _ in data_samples]
        right = [{"pred": 1, "label": 1}] * num_images
        return right, [*right[: num_texts // 2], *[{"pred": 0, "label": 1}] * (num_texts - num_texts // 2)]


def test_retrieval_loops(make_runner):
    loader = tiny.loader(6, 4, shuffle=False)
    loader["dataset"].img_size, loader["dataset"].text_size = 6, 4
    runner = make_runner(
        model=PairModel(), test_dataloader=loader, test_cfg=dict(type="RetrievalTestLoop"),
        val_dataloader=loader, val_cfg=dict(type="RetrievalValLoop"),
    )  # fmt: skip
    assert runner.test() == {"i2t/acc": 100.0, "t2i/acc": 50.0}
    assert runner.val() == {"i2t/acc": 100.0, "t2i/acc": 50.0}


def test_two_runners_do_not_share_anything(make_runner, tmp_path):
    first = make_runner(work_dir=str(tmp_path / "a"))
    second = make_runner(work_dir=str(tmp_path / "b"))
    assert first.message_hub is not second.message_hub
    assert first.visualizer is not second.visualizer
    first.message_hub.update_info("x", 1)
    assert second.message_hub.get_info("x") is None
    second.train()
    assert first.iter == 0


def test_the_norm_of_gradients_stands_before_the_loss(make_runner):
    wrapper = dict(optimizer=dict(type="SGD", lr=0.1), clip_grad=dict(max_norm=1.0))
    runner = make_runner(optim_wrapper=wrapper)
    runner.train()
    text = Path(runner.state.log_path).read_text()
    line = r"Epoch\(train\) \[3\]\[8/8\]  lr: 2.5000e-02  eta: 0:00:00  time: [\d.]+  data_time: [\d.]+  "
    assert re.search(line + r"grad_norm: [\d.]+  loss: [\d.]+\n", text)


class Clock:
    """Seconds that pass only where a test says so."""

    now = 0.0


class SlowVectors(tiny.NoisyVectors):
    def __getitem__(self, index):
        Clock.now += 0.003
        return super().__getitem__(index)


class SlowModel(tiny.TinyModel):
    def train_step(self, data, optim_wrapper):
        Clock.now += 0.01
        return super().train_step(data, optim_wrapper)


@pytest.mark.parametrize(
    ("changes", "pattern"),
    [
        (
            dict(train_dataloader={**tiny.loader(), "dataset": SlowVectors()}),
            r"data_time \d+%: loader-bound, [\d,]+ img/s; the model could do [\d,]+ \(more num_workers, .*\)",
        ),
        (
            dict(model=SlowModel()),
            r"data_time \d+%: compute-bound, [\d,]+ img/s; the loader could do at least [\d,]+",
        ),
    ],
    ids=["loader-bound", "compute-bound"],
)
def test_the_bottleneck_is_named(make_runner, changes, pattern, monkeypatch):
    monkeypatch.setattr(iter_timer, "perf_counter", lambda: Clock.now)
    runner = make_runner(**changes)
    runner.train()
    assert re.fullmatch(pattern, runner.message_hub.get_info("bottleneck"))
    assert len(re.findall(pattern, Path(runner.state.log_path).read_text())) == 3, "after each epoch"


def test_a_bar_on_a_terminal(make_runner, capsys):
    """Bars instead of the lines of iterations; everything else is printed above them."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=140)
    runner = make_runner(custom_hooks=[ProgressBarHook(make_progress(console))])
    runner.train()
    shown = screen.getvalue()
    for text in (
        "Epoch 1/3",
        "Epoch 3/3",
        "8/8",
        "Validating",
        "loss 0.",
        "Epoch(val) [3][4/4]    acc:",
        "-bound",
    ):
        assert text in shown, text
    assert "Epoch(train)" not in shown + capsys.readouterr().out
    assert "Epoch(train) [3][8/8]" in Path(runner.state.log_path).read_text()


def test_the_same_seed_gives_the_same_run(make_runner, tmp_path):
    def losses(name, seed):
        randomness = dict(seed=seed, deterministic=True)
        runner = make_runner(work_dir=str(tmp_path / name), randomness=randomness)
        runner.train()
        return runner.message_hub.get_scalar("train/loss").data[0].tolist()

    try:
        assert losses("a", 0) == losses("b", 0) != losses("c", 1)
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
        torch.backends.cudnn.deterministic = False


def test_default_visualizer_writes_what_1x_wrote(make_runner):

    runner = make_runner(visualizer=None, cfg=Config(dict(device="cpu", answer=42)))
    runner.train()
    data = Path(runner.log_dir, "vis_data")
    assert "answer = 42" in (data / "config.py").read_text()
    scalars = [json.loads(line) for line in (data / "scalars.json").read_text().splitlines()]
    assert {"lr", "loss", "time", "data_time", "epoch", "iter", "step"} <= set(scalars[0])
    assert Path(runner.config_file).exists()


def test_every_name_of_1x_is_known():
    facts = json.loads(
        gzip.decompress((Path(__file__).parents[1] / "facts" / "components.json.gz").read_bytes())
    )
    for room in ("RUNNERS", "LOOPS", "STRATEGIES", "MODEL_WRAPPERS", "LOG_PROCESSORS"):
        for library in ("mmengine", "mmpretrain"):
            names = facts.get(f"{library}.{room}", ())
            assert not [name for name in names if registry.ALL[room].get(name) is None]


def test_a_strategy_of_another_library_says_what_to_use(make_runner):
    with pytest.raises(ConfigError, match="FSDPStrategy"):
        make_runner(cfg=dict(device="cpu", strategy=dict(type="DeepSpeedStrategy")))


def test_flexible_runner(tmp_path):
    args = tiny.config(work_dir=str(tmp_path))
    runner = FlexibleRunner(**args, strategy=dict(type="SingleDeviceStrategy"), compile=dict(backend="eager"))
    runner.train()
    assert runner.iter == 24
    assert runner.model.backbone._compiled_call_impl is not None


def test_runner_type_names_the_class(tmp_path):
    cfg = Config({**tiny.config(work_dir=str(tmp_path)), "runner_type": "FlexibleRunner"})
    assert type(RUNNERS.build(cfg)) is FlexibleRunner
    cfg.runner_type = "FlexibelRunner"
    with pytest.raises(ConfigError, match=r"\(runner_type\): .*Did you mean 'FlexibleRunner'"):
        RUNNERS.build(cfg)


class Count(tiny.Hits):
    def compute_metrics(self, results):
        return {"count": len(results)}


@pytest.mark.parametrize("workers", [0, 1])
def test_batches_of_which_nothing_could_be_read(make_runner, workers):
    """With on_error='skip' a data set returns None, and so does the collate function if nothing else came."""
    loader = tiny.loader(6, batch_size=2, workers=workers, shuffle=False)
    samples = [loader["dataset"][i] for i in range(6)]
    samples[2:4] = [None, None]
    loader.update(dataset=samples, collate_fn=lambda batch: None if batch[0] is None else tiny.collate(batch))
    runner = make_runner(val_dataloader=loader, val_evaluator=Count(), train_dataloader=loader)
    assert runner.val() == {"count": 4}
    with pytest.raises(DataError, match="None of the samples of a batch could be read"):
        runner.train()
