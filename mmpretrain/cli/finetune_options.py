"""The options of ``mmpretrain finetune``, and what they ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmpretrain.errors import ConfigError

if TYPE_CHECKING:
    from mmpretrain.finetuning.defaults import Wanted


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


Model = Annotated[
    str | None,
    typer.Argument(
        metavar="[MODEL]",
        help="A name of the zoo, a checkpoint, a folder of a run, timm/NAME, hf://org/name or a config; "
        "by default the best one whose weights are on this machine.",
    ),
]
Images = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DATA",
        help="A folder of class folders, a .csv file, a list, hf://org/name, ...",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "--work-dir", metavar="DIR", help="Where to write; work_dirs/finetune_DATA."),
]
Validation = Annotated[
    str,
    typer.Option(
        "--val", metavar="SHARE|DATA", help="Share of the images for validation, or where those are."
    ),
]
HowLong = Annotated[str, typer.Option("--epochs", metavar="auto|N", help="How long to train.")]
Span = Annotated[
    str | None, typer.Option("--time", metavar="SPAN", help="Train no longer than 30m, 1h30m, ...")
]
Batch = Annotated[str, typer.Option("--batch", metavar="auto|N", help="Images in a batch.")]
Rate = Annotated[str, typer.Option("--lr", metavar="auto|RATE", help="The learning rate.")]
Edge = Annotated[
    str,
    typer.Option("--image-size", metavar="auto|N", help="Edge of the images that the model sees."),
]
Freeze = Annotated[
    str,
    typer.Option("--freeze", metavar="auto|none|all|N", help="Freeze the backbone, or its first N stages."),
]
TaskOption = Annotated[TaskName, typer.Option("--task", help="What is learned; the labels tell.")]
Folds = Annotated[
    int | None,
    typer.Option("--folds", metavar="K", min=2, help="Cross-validate: K models, each without a part."),
]
ClassWeights = Annotated[
    Weights, typer.Option("--class-weights", help="Let rare classes count by the root of their rarity.")
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of the split and the training.")]
DataWorkers = Annotated[int | None, typer.Option("--workers", metavar="N", min=0, help="Data workers.")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue with the fine-tuning in the folder --out.")]


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


def wanted_of(epochs: str, batch: str, lr: str, freeze: str, image_size: str, weights: Weights) -> Wanted:
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
        raise ConfigError(f"{text!r} is not auto, nor {what} from {least} to below 1e6", where=option)
    return value


def share_of(val: str) -> tuple[float, str | None]:
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
