"""``mmpretrain finetune``."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mmpretrain.cli.finetune_options import (
    Batch,
    ClassWeights,
    DataWorkers,
    Edge,
    Folds,
    Freeze,
    HowLong,
    Images,
    Model,
    Out,
    Rate,
    Request,
    Resume,
    Seed,
    Span,
    TaskName,
    TaskOption,
    Validation,
    Weights,
    wanted_of,
)
from mmpretrain.cli.options import Gpus, Launcher, LocalRank, command_line
from mmpretrain.cli.say import shown
from mmpretrain.cli.shortcuts import Cache, CacheSize, Device, LoaderMode, Loading
from mmpretrain.errors import ConfigError

if TYPE_CHECKING:
    from mmpretrain.engine.runner import Runner
    from mmpretrain.finetuning.defaults import Wanted


def finetune(
    context: typer.Context,
    model: Model = None,
    data: Images = None,
    out: Out = None,
    val: Validation = "0.2",
    epochs: HowLong = "auto",
    time_: Span = None,
    batch: Batch = "auto",
    lr: Rate = "auto",
    image_size: Edge = "auto",
    freeze: Freeze = "auto",
    task: TaskOption = TaskName.auto,
    folds: Folds = None,
    weights: ClassWeights = Weights.auto,
    seed: Seed = 0,
    workers: DataWorkers = None,
    loader: LoaderMode = None,
    cache: Cache = None,
    cache_size: CacheSize = None,
    device: Device = None,
    gpus: Gpus = None,
    launcher: Launcher = "none",
    local_rank: LocalRank = 0,
    resume: Resume = False,
) -> None:
    """Fine-tune a model on images of your own: from a folder to a checkpoint, a test and a report.

    The split and the config are kept in the folder; `mmpretrain train CONFIG` does the same.

    Examples:

    `mmpretrain finetune --data photos/`

    `mmpretrain finetune resnet50_8xb32_in1k --data labels.csv --time 30m`

    `mmpretrain finetune efficientnet-lite0 --data photos/ --val more_photos/ --out work_dirs/photos`

    `mmpretrain finetune --data photos/ --folds 5`

    `mmpretrain finetune --data photos/ --gpus 4`

    `mmpretrain finetune --resume --out work_dirs/photos`
    """
    from mmpretrain.cli import finetune_folds
    from mmpretrain.cli.finetune_folder import to_resume
    from mmpretrain.cli.finetune_run import train_and_test

    start_time, loading = time.monotonic(), Loading(loader, cache, cache_size)
    if resume:
        folder = to_resume(out)
    else:
        wanted = replace(wanted_of(epochs, batch, lr, freeze, image_size, weights), processes=gpus or 1)
        request = Request(model, data or "", val, task.value, time_, seed, workers, device, folds)
        folder = _planned(request, out, wanted, launcher)
    if gpus is not None and launcher == "none":
        raise typer.Exit(_launch(context, folder, gpus))
    os.environ.setdefault("LOCAL_RANK", str(local_rank))
    how: Any = {"device": device, "loading": loading, "launcher": launcher}
    if finetune_folds.are_in(folder):
        finetune_folds.run(folder, **how)
        return
    runner, results = train_and_test(folder, resume=resume, **how)
    if runner.is_main:
        _finish(folder, runner, results, time.monotonic() - start_time)


def _planned(request: Request, out: Path | None, wanted: Wanted, launcher: str) -> Path:
    """Look at the images, and return the folder with lists and config.

    Raises:
        ConfigError: If there are no images, or another process of a launcher may do the same.
    """
    from mmpretrain.cli.finetune_folder import leaving_nothing, new_folder
    from mmpretrain.cli.finetune_plan import prepare

    if launcher != "none":
        hint = f"Say --gpus N, or go on with what is there: --resume --out DIR --launcher {launcher}"
        raise ConfigError(
            "one process looks at the images before others start", where="--launcher", hint=hint
        )
    if not request.data:
        folder_given = request.model is not None and Path(request.model).is_dir()
        hint = f"--data {request.model}?" if folder_given else "Say where they are: --data FOLDER."
        raise ConfigError("no images are given", where="--data", hint=hint)
    folder = new_folder(out, request.data)
    with leaving_nothing(folder):
        prepare(request, folder, wanted)
    return folder


def _launch(context: typer.Context, folder: Path, processes: int) -> int:
    """Train what is planned in a folder in several processes, and return their exit code."""
    from mmpretrain.engine.runner.launch import torchrun

    words = command_line(context, only=("device", "loader", "cache", "cache_size"))
    words += ["--resume", "--out", str(folder), "--launcher", "pytorch"]
    return torchrun(["-m", "mmpretrain", *words], processes)


def _finish(folder: Path, runner: Runner, results: Mapping[str, Any], seconds: float) -> None:
    from mmpretrain.apis.model import is_initialised
    from mmpretrain.cli.finetune_plan import counted_epochs
    from mmpretrain.cli.train import duration, print_results
    from mmpretrain.config import Config
    from mmpretrain.finetuning.plan import CONFIG
    from mmpretrain.finetuning.start import SCRATCH_ON_CPU

    own_test = runner.cfg.test_dataloader.dataset != runner.cfg.val_dataloader.dataset
    what = "test images" if own_test else "validation images, by which the epoch was chosen"
    best = str(runner.cfg.default_hooks.checkpoint.save_best)
    numbers = {best: results.get(best), **results}
    told = [f"{name} {value:.2f}" for name, value in numbers.items() if isinstance(value, (int, float))]
    # The config of such a model, which may be fetched, is not taken from a checkpoint without being told so.
    trust = " --trust" if runner.cfg.model.type == "HuggingFaceClassifier" else ""
    planned = Config.fromfile(folder / CONFIG)
    scratch = not planned.get("load_from") and not is_initialised(planned.model)
    weights = [f"mmpretrain download {SCRATCH_ON_CPU}  # this started from scratch; far better with weights"]
    rows: dict[str, object] = {
        "trained": f"{counted_epochs(runner.epoch)}, {duration(seconds)} in all",
        "result": ", ".join(told[:2]) + f" ({what})",
        "folder": shown(folder),
    }
    print_results(
        "Fine-tuning is done",
        rows,
        [
            f"mmpretrain predict IMAGE --model {shown(folder)}{trust}",
            f"mmpretrain test {shown(folder)} --data MORE_IMAGES",
            f"mmpretrain train {shown(folder / CONFIG)} --work-dir ANOTHER  # after changes of the config",
            *(weights if scratch else []),
        ],
    )
