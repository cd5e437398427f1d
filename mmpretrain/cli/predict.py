"""``mmpretrain predict``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmpretrain.cli.options import checkpoint_in
from mmpretrain.cli.say import say
from mmpretrain.errors import ConfigError, MissingFileError, MMPretrainError
from mmpretrain.utils.text import cell, csv_cell, json_text

if TYPE_CHECKING:
    from mmpretrain.apis import ImageClassificationInferencer
    from mmpretrain.apis.ensemble import EnsembleInferencer

#: Columns of a table, in order; for regression, the names of the values follow.
COLUMNS = ("image", "task", "rank", "label", "class", "score")
#: Columns of a calibrated model.
DOUBTS = {"set", "ood_score", "abstain"}


class OutFormat(str, Enum):
    """How results are printed."""

    csv = "csv"
    json = "json"


def predict(
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="Image files, or folders of them.")],
    model: Annotated[
        list[str],
        typer.Option(
            "--model",
            metavar="MODEL",
            help="A checkpoint, a folder of a run, a config, or a zoo name. Several are averaged, and so are "
            "the folds of `finetune --folds`.",
        ),
    ],
    checkpoint: Annotated[
        str | None, typer.Option(metavar="CKPT", help="Weights, if MODEL is a config or a name.")
    ] = None,
    out: Annotated[
        OutFormat | None, typer.Option(help="Print CSV or JSON to standard output instead of a table.")
    ] = None,
    show_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Save each image with its label there.")
    ] = None,
    top_k: Annotated[int, typer.Option(min=1, help="How many classes to print for an image.")] = 1,
    batch_size: Annotated[int, typer.Option(min=1, help="How many images to run at once.")] = 32,
    device: Annotated[str | None, typer.Option(help="Such as cpu or cuda:1.")] = None,
    coverage: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Of a calibrated model: print sets of classes, or intervals of numbers, that contain the "
            "right one for this share of images, such as 0.9.",
        ),
    ] = None,
    reject: Annotated[
        bool,
        typer.Option(
            "--reject", help="Of a calibrated model: name no class, and no number, where it does not know."
        ),
    ] = False,
    trust: Annotated[
        bool, typer.Option("--trust", help="Run the config inside of the checkpoint as code.")
    ] = False,
) -> None:
    """Say what images show.

    Files that are no images are named on standard error; the others are predicted, and the exit code is 2.

    Examples:

    `mmpretrain predict cat.jpg --model work_dirs/my_run --show-dir out`

    `mmpretrain predict photos/ --model best.pth --top-k 3 --out csv > predictions.csv`

    `mmpretrain predict photos/ --model best_calibrated.pth --coverage 0.95 --reject`

    `mmpretrain predict photos/ --model work_dirs/one --model work_dirs/another`
    """
    paths = list(expand(images))
    from mmpretrain.apis import ImageClassificationInferencer

    models = with_folds(model)
    if len(models) == 1:
        inferencer = ImageClassificationInferencer(checkpoint_in(models[0]), checkpoint, device, trust=trust)
        check_calibrated(inferencer, coverage, reject)
    else:
        alone = {"--checkpoint": checkpoint, "--show-dir": show_dir, "--coverage": coverage}
        inferencer = averaged(models, {**alone, "--reject": reject or None}, device, trust)
    rows, bad = predict_files(
        inferencer, paths, top_k=top_k, batch_size=batch_size, show_dir=show_dir, coverage=coverage
    )
    if reject:
        rejected = reject_unknown(rows)
        say(f"Rejected {len(rejected)} of {len(paths) - len(bad)} image(s)", err=True)
    if out is OutFormat.json:
        typer.echo(json_text(json.dumps(rows, ensure_ascii=False, indent=2)))
    elif out is OutFormat.csv:
        typer.echo(as_csv(rows), nl=False)
    else:
        print_table(rows)
    if show_dir is not None and rows:
        say(f"Saved {len(paths) - len(bad)} picture(s) to {show_dir}", err=True)
    if bad:
        for error in bad:
            say(f"error: {error}", fg="red", err=True)
        raise typer.Exit(2)


def with_folds(models: list[str]) -> list[str]:
    """Return models, with the folds in place of the folder of a cross-validation."""
    from mmpretrain.finetuning.folded import fold_folders, is_cross_validation

    found: list[str] = []
    for name in models:
        found.extend(map(str, fold_folders(name)) if is_cross_validation(name) else [name])
    if not found:
        raise ConfigError(f"no fold of {models[0]!r} is done", where="--model")
    return found


def averaged(
    models: list[str], alone: Mapping[str, Any], device: str | None, trust: bool
) -> EnsembleInferencer:
    """Open several models as one.

    Args:
        models: The models.
        alone: Options that are for one model only -> their value, None if not given.
        device: Where to run.
        trust: Run the configs inside of checkpoints as code.

    Raises:
        ConfigError: If such an option is given.
    """
    from mmpretrain.apis import ImageClassificationInferencer
    from mmpretrain.apis.ensemble import EnsembleInferencer

    for option, value in alone.items():
        if value is not None:
            raise ConfigError("this goes with one model only", where=option, hint="Name one --model.")
    opened = [
        ImageClassificationInferencer(checkpoint_in(name), None, device, trust=trust) for name in models
    ]
    say(f"The mean of {len(models)} models", err=True)
    return EnsembleInferencer(opened)


def predict_files(
    inferencer: ImageClassificationInferencer | EnsembleInferencer,
    paths: list[Path],
    *,
    top_k: int,
    batch_size: int,
    show_dir: Path | None,
    coverage: float | None = None,
) -> tuple[list[dict[str, Any]], list[MMPretrainError]]:
    """Predict files with a progress bar.

    Returns:
        Rows of ``image``, ``rank``, ``label``, ``class`` and ``score``, with a calibrated model also ``set``,
        ``ood_score`` and ``abstain``; for regression, of ``image`` and the names of the values, with a
        calibrated model also the ends of intervals; and the errors of unusable files.
    """
    from mmpretrain.utils.progress import track

    rows: list[dict[str, Any]] = []
    bad: list[MMPretrainError] = []
    options: dict[str, Any] = {} if show_dir is None else {"show_dir": show_dir}
    if coverage is not None:
        options["coverage"] = coverage
    answers = inferencer.stream(paths, batch_size=batch_size, **options)
    for answer in track(answers, "predict", total=len(paths)):
        if answer.error is not None:
            bad.append(answer.error)
            continue
        for task, result in by_task(answer.result):
            if "pred_values" in result:
                rows.append(
                    {**measured(str(answer.input), result, inferencer.meta, task), **doubts_of(result)}
                )
                continue
            found = ranked(str(answer.input), result["pred_scores"], inferencer.classes, top_k, task)
            rows.extend({**row, **doubts_of(result)} for row in found)
    return rows, bad


def check_calibrated(inferencer: ImageClassificationInferencer, coverage: float | None, reject: bool) -> None:
    """Check that a model has the calibration that options need.

    Raises:
        ConfigError: If it has none, or cannot promise the coverage.
    """
    if inferencer.calibration is not None:
        inferencer.calibration.quantile(coverage)
    elif coverage is not None or reject:
        raise ConfigError(
            "this model is not calibrated, so it cannot say when it does not know",
            where="--reject" if coverage is None else "--coverage",
            hint="Calibrate it: mmpretrain calibrate CKPT --data VAL",
        )


def doubts_of(result: Any) -> dict[str, Any]:
    """Return what a calibrated model says beside scores and values; nothing of others."""
    if "abstain" not in result:
        return {}
    names = result.get("pred_set_classes", result.get("pred_set"))
    chosen = {} if names is None else {"set": [str(name) for name in names]}
    unlike = {"ood_score": round(result["ood_score"], 4)} if "ood_score" in result else {}
    return {**chosen, **unlike, "abstain": result["abstain"]}


def reject_unknown(rows: list[dict[str, Any]]) -> set[str]:
    """Take label and class, or values, from the rows of images that the model abstains from; return these."""
    kept = {"image", "task", "rank", "score", *DOUBTS}
    for row in rows:
        if row["abstain"]:
            row.update(dict.fromkeys(row.keys() - kept))
    return {row["image"] for row in rows if row["abstain"]}


def by_task(result: Any, name: str | None = None) -> Iterator[tuple[str | None, Any]]:
    """Yield the name and the result of each task; the only task has no name."""
    if "pred_scores" in result or "pred_values" in result:
        yield name, result
        return
    for task, inner in result.items():
        yield from by_task(inner, task if name is None else f"{name}.{task}")


def ranked(
    image: str, scores: Any, classes: Any, top_k: int, task: str | None = None
) -> list[dict[str, Any]]:
    """Return a row for each of the ``top_k`` best classes of an image, or of one of its tasks."""
    best = (-scores).argsort(kind="stable")[:top_k]
    if task is not None and classes is not None and len(classes) != len(scores):
        classes = None
    return [
        {
            "image": image,
            **({} if task is None else {"task": task}),
            "rank": rank,
            "label": int(label),
            "class": classes[label] if classes is not None else None,
            "score": round(float(scores[label]), 6),
        }
        for rank, label in enumerate(best, start=1)
    ]


def measured(image: str, result: Any, meta: Any, task: str | None = None) -> dict[str, Any]:
    """Return a row with the predicted values of an image, or of one of its tasks, by their names.

    Of a calibrated model, the ends of the interval of ``age`` are ``age_low`` and ``age_high``.
    """
    from mmpretrain.structures import value_names

    row: dict[str, Any] = {"image": image, **({} if task is None else {"task": task})}
    values = result["pred_values"]
    ends = result.get("pred_interval", [()] * len(values))
    for name, value, interval in zip(value_names(meta, len(values)), values, ends):
        name = f"{name}_" if name in COLUMNS or name in DOUBTS else name
        row[name] = _six_digits(value)
        row.update({f"{name}_{end}": _six_digits(edge) for end, edge in zip(("low", "high"), interval)})
    return row


def _six_digits(value: Any) -> float:
    return float(f"{value:.6g}")


def expand(images: list[str]) -> Iterator[Path]:
    """Yield the image files that arguments stand for; folders are searched."""
    for name in images:
        path = Path(name)
        if path.is_dir():
            from mmpretrain.apis.inputs import in_folder
            from mmpretrain.datasets.packed.places import packed_splits

            if packed_splits(name):
                raise ConfigError(
                    f"{name!r} holds packed data, no files",
                    hint="mmpretrain test --data PACKED predicts them; mmpretrain unpack writes files.",
                )
            yield from map(Path, in_folder(path))
        elif path.is_file():
            yield path
        else:
            raise MissingFileError(f"there is no image {name!r}", hint=f"The current folder is {Path.cwd()}.")


def columns_of(rows: list[dict[str, Any]]) -> list[str]:
    """Return the columns of a table of rows; without a row, those of a classifier."""
    present = dict.fromkeys(key for row in rows for key in row)
    usual = [name for name in COLUMNS if name in present or (not rows and name != "task")]
    return [*usual, *(name for name in present if name not in COLUMNS)]


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Return rows as CSV with a header."""
    text = io.StringIO()
    columns = columns_of(rows)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(csv_cell, columns))
    for row in rows:
        writer.writerow([_flat(row.get(name)) for name in columns])
    return text.getvalue()


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print rows as a table."""
    from rich.console import Console
    from rich.table import Table

    columns = [name for name in columns_of(rows) if name != "rank"]
    table = Table(*map(cell, columns))
    table.columns[0].overflow = "fold"
    shown = None
    for row in rows:
        texts = {name: _text(row, name) for name in columns}
        further = row.get("rank", 1) > 1
        if row["image"] == shown and (further or "task" in row):
            texts["image"] = ""
        if further and "task" in row:
            texts["task"] = ""
        shown = row["image"]
        if further:
            texts.update(dict.fromkeys(DOUBTS & texts.keys(), ""))
        table.add_row(*map(cell, texts.values()))
    Console(soft_wrap=True).print(table)


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list):
        return "{" + ", ".join(value) + "}"
    if isinstance(value, float):
        return f"{value:.4f}" if name == "score" else f"{value:.6g}"
    return str(value)


def _flat(value: Any) -> Any:
    """Return a value as a cell of a CSV file."""
    if isinstance(value, bool):
        return int(value)
    text = ";".join(value) if isinstance(value, list) else value
    return csv_cell(text) if isinstance(text, str) else text
