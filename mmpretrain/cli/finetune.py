"""``mmpretrain finetune``."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmpretrain.cli.options import Gpus, Launcher, LocalRank, command_line
from mmpretrain.cli.say import say, shown
from mmpretrain.cli.shortcuts import Cache, CacheSize, Device, LoaderMode, Loading
from mmpretrain.errors import ConfigError

if TYPE_CHECKING:
    from mmpretrain.datasets.labelled import Labelled
    from mmpretrain.engine.runner import Runner
    from mmpretrain.finetuning.data import Prepared
    from mmpretrain.finetuning.defaults import Wanted
    from mmpretrain.finetuning.plan import Plan


class TaskName(str, Enum):
    """What is learned of an image."""

    auto = "auto"
    single = "single"
    multi = "multi"
    ordinal = "ordinal"
    regression = "regression"


class Weights(str, Enum):
    """Whether rare classes count more."""

    auto = "auto"
    none = "none"
    root = "root"


def finetune(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL]",
            help="A name of the zoo, a checkpoint, a folder of a run, timm/NAME, hf://org/name or a config; "
            "by default the best one whose weights are on this machine.",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="DATA",
            help="A folder of class folders, a .csv file, a list, hf://org/name, ...",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to write; work_dirs/finetune_DATA.")
    ] = None,
    val: Annotated[
        str,
        typer.Option(
            "--val", metavar="SHARE|DATA", help="Share of the images for validation, or where those are."
        ),
    ] = "0.2",
    epochs: Annotated[str, typer.Option("--epochs", metavar="auto|N", help="How long to train.")] = "auto",
    time_: Annotated[
        str | None, typer.Option("--time", metavar="SPAN", help="Train no longer than 30m, 1h30m, ...")
    ] = None,
    batch: Annotated[str, typer.Option("--batch", metavar="auto|N", help="Images in a batch.")] = "auto",
    lr: Annotated[str, typer.Option("--lr", metavar="auto|RATE", help="The learning rate.")] = "auto",
    image_size: Annotated[
        str, typer.Option("--image-size", metavar="auto|N", help="Edge of the images that the model sees.")
    ] = "auto",
    freeze: Annotated[
        str,
        typer.Option(
            "--freeze", metavar="auto|none|all|N", help="Freeze the backbone, or its first N stages."
        ),
    ] = "auto",
    task: Annotated[
        TaskName,
        typer.Option("--task", help="What is learned; the labels tell."),
    ] = TaskName.auto,
    folds: Annotated[
        int | None,
        typer.Option("--folds", metavar="K", min=2, help="Cross-validate: K models, each without a part."),
    ] = None,
    weights: Annotated[
        Weights, typer.Option("--class-weights", help="Let rare classes count by the root of their rarity.")
    ] = Weights.auto,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="Of the split and the training.")
    ] = 0,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=0, help="Data workers.")
    ] = None,
    loader: LoaderMode = None,
    cache: Cache = None,
    cache_size: CacheSize = None,
    device: Device = None,
    gpus: Gpus = None,
    launcher: Launcher = "none",
    local_rank: LocalRank = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue with the fine-tuning in the folder --out.")
    ] = False,
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
    from mmpretrain.cli.finetune_folder import leaving_nothing, new_folder, to_resume
    from mmpretrain.cli.finetune_run import train_and_test

    start_time, loading = time.monotonic(), Loading(loader, cache, cache_size)
    if resume:
        folder = to_resume(out)
    else:
        if launcher != "none":
            hint = f"Say --gpus N, or go on with what is there: --resume --out DIR --launcher {launcher}"
            raise ConfigError(
                "one process looks at the images before others start", where="--launcher", hint=hint
            )
        if data is None:
            folder_given = model is not None and Path(model).is_dir()
            hint = f"--data {model}?" if folder_given else "Say where they are: --data FOLDER."
            raise ConfigError("no images are given", where="--data", hint=hint)
        wanted = replace(_wanted(epochs, batch, lr, freeze, image_size, weights), processes=gpus or 1)
        folder = new_folder(out, data)
        request = Request(model, data, val, task.value, time_, seed, workers, device, folds)
        with leaving_nothing(folder):
            _prepare(request, folder, wanted)
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


def _launch(context: typer.Context, folder: Path, processes: int) -> int:
    """Train what is planned in a folder in several processes, and return their exit code."""
    from mmpretrain.engine.runner.launch import torchrun

    words = command_line(context, only=("device", "loader", "cache", "cache_size"))
    words += ["--resume", "--out", str(folder), "--launcher", "pytorch"]
    return torchrun(["-m", "mmpretrain", *words], processes)


@dataclass(frozen=True)
class Request:
    """What the user asks for besides settings of the training; see the options of :func:`finetune`."""

    model: str | None
    data: str
    val: str
    task: str
    span: str | None
    seed: int
    workers: int | None
    device: str | None
    folds: int | None


def _prepare(request: Request, folder: Path, wanted: Wanted) -> None:
    """Look at the data and the model, and write lists and config."""
    from mmpretrain.config import Config
    from mmpretrain.datasets.labelled import read_labelled
    from mmpretrain.finetuning.data import keep_prints, prepare_data, with_validation
    from mmpretrain.finetuning.folded import write_folds
    from mmpretrain.finetuning.plan import PLAN, PRINTS, make_plan, within, write_plan
    from mmpretrain.finetuning.start import find_start
    from mmpretrain.finetuning.timing import seconds_of
    from mmpretrain.utils.env import find_device

    span, seed, folds, workers = request.span, request.seed, request.folds, request.workers
    budget = None if span is None else seconds_of(span) / (folds or 1)
    share, place = _share(request.val)
    start = find_start(request.model, find_device(request.device).type != "cpu")
    read = read_labelled(request.data, None if request.task == "auto" else request.task, place)  # type: ignore[arg-type]
    (folder / PLAN).mkdir(parents=True, exist_ok=True)
    prepared = prepare_data(read, watch, str(folder / PLAN / "left_out.txt"))
    keep_prints(prepared, folder / PRINTS)
    parts, notes = with_validation(prepared, share, seed)
    plan = make_plan(
        start, prepared.facts, wanted, seed=seed, device=request.device, reading=prepared.reading
    )
    path = write_plan(plan, parts, folder, workers=workers)
    if budget is not None:
        plan, per_epoch = within(plan, Config.fromfile(path), budget)
        write_plan(plan, parts, folder, workers=workers)
        notes.append(f"an epoch takes about {per_epoch:.3g} s: {plan.choices.epochs} fit into {span}")
        if per_epoch > budget:
            notes.append(f"not even one epoch fits into {span}: try a smaller --image-size or another MODEL")
    if folds is not None:
        sizes = [len(part["val"]) for part in write_folds(plan, prepared, folder, folds, workers=workers)]
        notes.append(f"{folds} folds of {min(sizes)} to {max(sizes)} images")
    _tell(plan, prepared, parts, notes, path)


def _tell(
    plan: Plan, prepared: Prepared, parts: Mapping[str, Labelled], notes: Iterable[str], path: Path
) -> None:
    """Print what was found, and what will be done."""
    train, choices = parts["train"], plan.choices
    sizes = ", ".join(f"{len(part)} {name}" for name, part in parts.items())
    frozen = {"backbone": ", only the head is trained", -1: ""}
    more = frozen.get(choices.freeze, f", {choices.freeze} stages frozen")
    more += ", rare classes count more" if choices.weighted else ""
    rows = {
        "values" if train.values else "classes": _labels(train, prepared.facts.counts),
        "images": sizes + (f"; {len(prepared.bad)} cannot be read" if prepared.bad else ""),
        "model": f"{plan.start.name}" + (f": {plan.start.why}" if plan.start.why else ""),
        "settings": f"{_epochs(choices.epochs)}, batches of {choices.batch}, learning rate {choices.lr:g}, "
        f"{choices.image_size} pixels{more}",
        "config": shown(path),
    }
    say("Fine-tuning", bold=True)
    for name, value in rows.items():
        say(f"  {name:<8}  {value}")
    for note in notes:
        say(f"  note      {note}")


def _labels(train: Labelled, counts: Sequence[int]) -> str:
    """Describe the labels: the largest classes, or the range of values."""
    from mmpretrain.utils.text import cell

    if train.values:
        return f"from {min(train.values):g} to {max(train.values):g}"
    pairs = list(zip(train.classes, counts))
    if train.task != "ordinal":
        pairs.sort(key=lambda pair: -pair[1])
    more = ", ..." if len(pairs) > 6 else ""
    how = {"multi": " (any number for each image)", "ordinal": " (in this order)"}.get(train.task, "")
    return f"{len(pairs)}{how}: " + ", ".join(f"{cell(name)} {count}" for name, count in pairs[:6]) + more


def _epochs(count: int) -> str:
    return f"{count} epoch{'s' * (count != 1)}"


def watch(items: Iterable[Any], description: str, total: int) -> Iterable[Any]:
    """Go through items with a progress bar."""
    from mmpretrain.utils.progress import track

    return track(items, description, total)


def _finish(folder: Path, runner: Runner, results: Mapping[str, Any], seconds: float) -> None:
    from mmpretrain.apis.model import is_initialised
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
        "trained": f"{_epochs(runner.epoch)}, {duration(seconds)} in all",
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


# -- options ---------------------------------------------------------------------------------------------


def _wanted(epochs: str, batch: str, lr: str, freeze: str, image_size: str, weights: Weights) -> Wanted:
    from mmpretrain.finetuning.defaults import Wanted

    frozen = {"auto": None, "none": -1, "all": "backbone"}
    return Wanted(
        epochs=_number(epochs, "--epochs", int, 1),
        batch=_number(batch, "--batch", int, 2),
        lr=_number(lr, "--lr", float, 0),
        freeze=frozen[freeze] if freeze in frozen else _number(freeze, "--freeze", int, 0),  # type: ignore[arg-type]
        image_size=_number(image_size, "--image-size", int, 8),
        weighted={"auto": None, "none": False, "root": True}[weights.value],
    )


def _number(text: str, option: str, kind: type, least: float) -> Any:
    if text == "auto":
        return None
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not least <= value < 1e6:
        what = "a number" if kind is float else "a whole number"
        raise ConfigError(f"{text!r} is not auto, nor {what} from {least} on", where=option)
    return value


def _share(val: str) -> tuple[float, str | None]:
    """Return the share of images to set apart for validation, or 0 and the place of validation images."""
    if not re.fullmatch(r"[-+]?[\d.]+([eE][-+]?\d+)?%?", val):
        return 0.0, val
    try:
        share = float(val.rstrip("%")) / (100 if val.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise ConfigError(
            f"{val!r} is no share of the images", where="--val", hint="Write 0.2, or where they are."
        )
    return share, None
