"""``mmpretrain train``."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmpretrain.cli import shortcuts
from mmpretrain.cli.options import (
    Amp,
    CfgOptions,
    ConfigArgument,
    Data,
    Gpus,
    Launcher,
    LocalRank,
    MasterAddr,
    MasterPort,
    Nnodes,
    NodeRank,
    SkipBad,
    WorkDir,
    load_config,
    relaunch,
)
from mmpretrain.cli.say import say, shown
from mmpretrain.cli.shortcuts import (
    BatchSize,
    Cache,
    CacheSize,
    Device,
    Epochs,
    LearningRate,
    LoaderMode,
    Loading,
    Workers,
)

if TYPE_CHECKING:
    from mmpretrain.config import Config
    from mmpretrain.engine.runner import Runner


def train(
    context: typer.Context,
    config: ConfigArgument,
    work_dir: WorkDir = None,
    data: Data = None,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="[auto|CKPT]",
            help="Continue with the latest checkpoint of the work folder, or with CKPT.",
        ),
    ] = None,
    amp: Amp = False,
    skip_bad: SkipBad = False,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    lr: LearningRate = None,
    device: Device = None,
    workers: Workers = None,
    loader: LoaderMode = None,
    cache: Cache = None,
    cache_size: CacheSize = None,
    no_validate: Annotated[bool, typer.Option("--no-validate", help="Train without validation.")] = False,
    auto_scale_lr: Annotated[
        bool, typer.Option("--auto-scale-lr", help="Scale the learning rate with the batch size.")
    ] = False,
    audit: Annotated[
        bool,
        typer.Option(
            "--audit/--no-audit",
            help="List labels that the model contradicts in later epochs.",
        ),
    ] = True,
    no_pin_memory: Annotated[bool, typer.Option("--no-pin-memory", help="Do not pin host memory.")] = False,
    no_persistent_workers: Annotated[
        bool, typer.Option("--no-persistent-workers", help="Start new data workers for each epoch.")
    ] = False,
    cfg_options: CfgOptions = None,
    gpus: Gpus = None,
    nnodes: Nnodes = 1,
    node_rank: NodeRank = 0,
    master_addr: MasterAddr = None,
    master_port: MasterPort = None,
    launcher: Launcher = "none",
    local_rank: LocalRank = 0,
) -> None:
    """Train a model.

    Examples:
    `mmpretrain train lenet5_digits`

    `mmpretrain train configs/resnet/resnet50_8xb32_in1k.py --amp --cfg-options train_cfg.max_epochs=10`

    `mmpretrain train my_config.py --gpus 4 --resume`

    `mmpretrain train resnet18_8xb32_in1k --data photos/ --epochs 20 --batch-size 64 --lr 0.01`
    """
    if gpus is not None and launcher == "none":
        relaunch(context)
    cfg = load_config(config, cfg_options, work_dir)
    shortcuts.apply(
        cfg, ("train", "val"), epochs=epochs, batch_size=batch_size, lr=lr, device=device, workers=workers
    )
    prepare(
        cfg,
        data=data,
        resume=resume,
        amp=amp,
        loading=Loading(loader, cache, cache_size),
        skip_bad=skip_bad,
        validate=not no_validate,
        auto_scale_lr=auto_scale_lr,
        pin_memory=not no_pin_memory,
        persistent_workers=not no_persistent_workers,
        launcher=launcher,
        local_rank=local_rank,
    )
    if data is not None and resume is None:
        tell_of_fine_tuning(cfg, data)
    run(cfg, audit=audit)


def prepare(
    cfg: Config,
    *,
    data: str | None = None,
    resume: str | None = None,
    amp: bool = False,
    loading: Loading | None = None,
    skip_bad: bool = False,
    validate: bool = True,
    auto_scale_lr: bool = False,
    pin_memory: bool = True,
    persistent_workers: bool = True,
    launcher: str = "none",
    local_rank: int = 0,
) -> None:
    """Apply the options of a training run to its config."""
    from mmpretrain.cli import overrides

    # torchrun hands the rank over in the environment, its predecessor as an argument.
    os.environ.setdefault("LOCAL_RANK", str(local_rank))
    cfg.launcher = launcher
    if data is not None:
        overrides.use_data(cfg, data)
    if not validate:
        overrides.disable_validation(cfg)
    if skip_bad:
        overrides.skip_unreadable(cfg, ("train", "val"))
    if loading is not None:
        loading.apply(cfg, ("train", "val"))
    if amp:
        overrides.enable_amp(cfg)
    if auto_scale_lr:
        overrides.enable_auto_scale_lr(cfg)
    overrides.set_resume(cfg, resume)
    overrides.set_loader_defaults(cfg, pin_memory=pin_memory, persistent_workers=persistent_workers)


def tell_of_fine_tuning(cfg: Config, data: str) -> None:
    """Say that a training on other data starts from random weights, and what would not, if it does."""
    from mmpretrain.apis.model import is_initialised
    from mmpretrain.checkpoints.zoo import zoo
    from mmpretrain.registry import MODELS
    from mmpretrain.utils.dist import is_main_process

    model = cfg.get("model") or {}
    kind = model.get("type")
    found = MODELS.get(kind) if isinstance(kind, str) else kind
    if cfg.get("load_from") or is_initialised(model) or getattr(found, "unsupervised", False):
        return
    if not is_main_process():
        return
    filename = str(Path(cfg.filename).resolve()) if cfg.filename else ""
    entries = [
        info.name for info in zoo().values() if info.weights and str(info.config.resolve()) == filename
    ]
    start = f"{entries[0]} " if entries else ""
    say(
        f"Training starts from random weights. To start from pretrained ones: "
        f"mmpretrain finetune {start}--data {shlex.quote(data)}"
    )


def run(cfg: Config, *, summary: bool = True, audit: bool = False) -> Runner:
    """Check a config, train, and say at the end what came out and where it is.

    Args:
        cfg: The config.
        summary: Print the results and what to do next.
        audit: List the labels that the model contradicts.
    """
    from mmpretrain.cli.checks import check_before_start
    from mmpretrain.registry import HOOKS, RUNNERS
    from mmpretrain.utils.dist import is_main_process

    start = time.monotonic()
    check_before_start(cfg, ("train", "val"))
    runner = RUNNERS.build(cfg)
    kind = HOOKS.get("AuditHook")
    if audit and kind is not None and not any(isinstance(hook, kind) for hook in runner.hooks):
        runner.register_hook(kind())
    runner.train()
    if summary and is_main_process():
        print_summary(runner, seconds=time.monotonic() - start)
    return runner


def print_summary(runner: Runner, seconds: float) -> None:
    """Print the result of a training run, the files that it left, and what can be done next."""
    state = runner.state
    rows: dict[str, object] = {
        "trained": f"{state.epoch} epochs, {state.iter} iterations in {duration(seconds)}"
    }
    if state.best_score is not None:
        rows["best"] = f"{state.best_score:.4f}"
    checkpoint = state.best_checkpoint or state.last_checkpoint
    commands = []
    if checkpoint is not None:
        rows["checkpoint"] = shown(checkpoint)
        commands = next_steps(runner, checkpoint)
    if state.log_path is not None:
        rows["log"] = shown(state.log_path)
    suspects = Path(runner.log_dir, "train_predictions", "label_suspects.csv")
    if suspects.is_file():
        rows["labels to check"] = shown(suspects)
    print_results("Training is done", rows, commands)


def next_steps(runner: Runner, checkpoint: str | os.PathLike[str]) -> list[str]:
    """Return the commands that show what a checkpoint is good for."""
    if getattr(runner.bare_model, "unsupervised", False):
        return [f"mmpretrain {name} {shown(checkpoint)} --data LABELLED" for name in ("knn", "linear-probe")]
    # The run's own copy of its config has all options in it.
    config = Path(runner.work_dir, Path(runner.cfg.filename).name)
    return [
        f"mmpretrain test {shown(config)} {shown(checkpoint)}",
        f"mmpretrain predict IMAGE --model {shown(checkpoint)} --show-dir OUT",
    ]


def print_results(title: str, rows: Mapping[str, object], commands: Sequence[str]) -> None:
    """Print results, and below them what can be done next."""
    width = max(map(len, rows))
    say(f"\n{title}", bold=True)
    for name, value in rows.items():
        say(f"  {name:<{width}}  {value}")
    if commands:
        say("Next", bold=True)
        for command in commands:
            say(f"  {command}")


def duration(seconds: float) -> str:
    """Return a span of time in words."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
