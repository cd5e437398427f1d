"""What the commands that judge features share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmpretrain.cli.options import checkpoint_in
from mmpretrain.cli.outputs import new_file
from mmpretrain.cli.say import say
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.utils.atomic import write_atomic
from mmpretrain.utils.text import json_text

if TYPE_CHECKING:
    from mmpretrain.evaluation.features import FeatureBank


class PoolOption(str, Enum):
    """How tokens become one vector."""

    auto = "auto"
    cls = "cls"
    avg = "avg"


ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A checkpoint, a folder of a run, a config, a zoo name, `timm/NAME` or `hf://org/name`.",
    ),
]
FeatureData = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="DATA",
        help="Labelled images: a folder of class folders, perhaps below train and val; a list; ...",
    ),
]
Checkpoint = Annotated[str | None, typer.Option(metavar="CKPT", help="Weights, if MODEL is a config.")]
RandomWeights = Annotated[
    bool, typer.Option("--random", help="Use random weights, to compare with; MODEL is a config.")
]
Stage = Annotated[
    str, typer.Option("--stage", metavar="STAGE", help="last, all, or numbers of stages such as 1,3.")
]
ImageSize = Annotated[
    int | None, typer.Option("--image-size", metavar="S", min=8, help="Edge of the images.")
]
BatchSize = Annotated[int, typer.Option("--batch-size", min=1, help="Images run at once.")]
Workers = Annotated[int, typer.Option("--workers", min=0, help="Data workers.")]
Out = Annotated[str | None, typer.Option("--out", metavar="FILE", help="Write the results as JSON, too.")]


def judge(
    title: str,
    how: Callable[[FeatureBank, FeatureBank], Sequence[Mapping[str, float]]],
    model: str,
    data: str,
    checkpoint: str | None,
    random: bool,
    stage: str,
    pool: PoolOption,
    image_size: int | None,
    batch_size: int,
    workers: int,
    device: str | None,
    out: str | None,
    force: bool,
) -> None:
    """Compute the features of both parts of the images, each in one pass, and print how good they are.

    ``title`` says what the table shows, and ``how`` makes a row of numbers for each stage from the features
    for training and for validation. The other arguments are the options of the command.
    """
    from mmpretrain.apis.features import DatasetFeatures
    from mmpretrain.datasets.unlabelled import labelled_images_from_spec
    from mmpretrain.finetuning.start import is_foreign

    sets = [labelled_images_from_spec(data, split) for split in ("train", "val")]
    wanted = parse_stages(stage)
    path = None if out is None else new_file(out, "--out", force=force)
    source: Any = model
    if checkpoint is None and is_foreign(model):
        source, size = foreign_model(model, random, device)
        image_size = image_size or size
    elif checkpoint is None and not random:
        source = checkpoint_in(model)
    extractor = DatasetFeatures(
        source,
        False if random else checkpoint,
        wanted,
        pool.value,  # type: ignore[arg-type]
        image_size,
        device,
    )
    bank = extractor(sets[0], batch_size, workers, "training images")
    queries = extractor(sets[1], batch_size, workers, "validation images")
    found = set(bank.labels.tolist()) - {-1}
    if len(found) < 2:
        raise DataError(
            f"{data!r} has labels of {len(found)} class{'es' * (len(found) != 1)} for training, so there is "
            "nothing to tell apart",
            where="--data",
            hint="Give images of two classes or more, each in its folder or with its label.",
        )
    report(title, extractor.stages, how(bank, queries), bank, queries, path)


def foreign_model(name: str, random: bool, device: str | None) -> tuple[Any, int]:
    """Build a model of another library, or of weights without a config, as ``finetune`` finds it.

    Returns:
        The model, which has no classifier if it is ours, and the edge of the images that it is for.
    """
    from mmpretrain.apis import init_model
    from mmpretrain.config import Config
    from mmpretrain.finetuning.start import find_start

    start = find_start(name, weights=not random)
    model = {key: value for key, value in start.model.items() if key != "head"}
    if model["type"] == "TimmClassifier":
        backbone = {**model, "type": "TIMMBackbone"}
        model = {"type": "ImageClassifier", "backbone": backbone}
    cfg = Config({"model": model, "data_preprocessor": start.preprocessor, "image_size": start.image_size})
    return init_model(cfg, None if random else start.weights, device), start.image_size


def parse_stages(text: str) -> str | list[int]:
    """``'last'`` and ``'all'`` as they are, ``'1,3'`` as numbers."""
    if text in ("last", "all"):
        return text
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(
            f"{text!r} names no stage", where="--stage", hint="Say last, all, or numbers such as 1,3."
        ) from None


def report(
    title: str,
    stages: Sequence[int],
    rows: Sequence[Mapping[str, float]],
    bank: FeatureBank,
    queries: FeatureBank,
    out: Path | None,
) -> None:
    """Print a table with a row for each stage, and write the numbers to a file if one is given."""
    counts = [int((part.labels >= 0).sum()) for part in (bank, queries)]
    missing = len(bank.labels) + len(queries.labels) - sum(counts)
    classes = len(set(bank.labels.tolist()) - {-1})
    note = f"; {missing} images without a label were left out" if missing else ""
    say(f"{title}: {counts[0]} images for training, {counts[1]} for validation, {classes} classes{note}")
    named: list[dict[str, Any]] = [
        {"stage": stages[i] if i < len(stages) else i, "channels": bank.features[i].shape[1], **row}
        for i, row in enumerate(rows)
    ]
    print_rows(named)
    if out is not None:
        content = {"training": counts[0], "validation": counts[1], "classes": classes, "results": named}
        text = json_text(json.dumps(content, indent=2))
        write_atomic(out, lambda file: file.write(text.encode()))
        say(f"Wrote {out}")


def print_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a table; numbers with a fraction have two digits after the point."""
    columns = list(rows[0])
    texts = [[f"{row[c]:.2f}" if isinstance(row[c], float) else str(row[c]) for c in columns] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(columns, *texts)]
    for line in (columns, *texts):
        say("  ".join(text.rjust(width) for text, width in zip(line, widths)))
