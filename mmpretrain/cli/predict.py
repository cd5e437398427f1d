"""``mmpretrain predict``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmpretrain.cli.options import checkpoint_in
from mmpretrain.cli.say import say
from mmpretrain.errors import MissingFileError, MMPretrainError
from mmpretrain.utils.text import cell, csv_cell, json_text

if TYPE_CHECKING:
    from mmpretrain.apis import ImageClassificationInferencer


class OutFormat(str, Enum):
    """How results are printed."""

    csv = "csv"
    json = "json"


def predict(
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="Image files, or folders of them.")],
    model: Annotated[
        str,
        typer.Option(
            "--model", metavar="MODEL", help="A checkpoint, a folder of a run, a config, or a zoo name."
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
    trust: Annotated[
        bool, typer.Option("--trust", help="Run the config inside of the checkpoint as code.")
    ] = False,
) -> None:
    """Say what images show.

    Files that are no images are named on standard error; the others are predicted, and the exit code is 2.

    Examples:

    `mmpretrain predict cat.jpg --model work_dirs/my_run --show-dir out`

    `mmpretrain predict photos/ --model best.pth --top-k 3 --out csv > predictions.csv`
    """
    paths = list(expand(images))
    from mmpretrain.apis import ImageClassificationInferencer

    inferencer = ImageClassificationInferencer(checkpoint_in(model), checkpoint, device, trust=trust)
    rows, bad = predict_files(inferencer, paths, top_k=top_k, batch_size=batch_size, show_dir=show_dir)
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


def predict_files(
    inferencer: ImageClassificationInferencer,
    paths: list[Path],
    *,
    top_k: int,
    batch_size: int,
    show_dir: Path | None,
) -> tuple[list[dict[str, Any]], list[MMPretrainError]]:
    """Predict files with a progress bar.

    Returns:
        Rows of ``image``, ``rank``, ``label``, ``class`` and ``score``; and the errors of unusable files.
    """
    from mmpretrain.utils.progress import track

    rows: list[dict[str, Any]] = []
    bad: list[MMPretrainError] = []
    drawing = {} if show_dir is None else {"show_dir": show_dir}
    answers = inferencer.stream(paths, batch_size=batch_size, **drawing)
    for answer in track(answers, "predict", total=len(paths)):
        if answer.error is not None:
            bad.append(answer.error)
            continue
        for task, scores in by_task(answer.result):
            rows.extend(ranked(str(answer.input), scores, inferencer.classes, top_k, task))
    return rows, bad


def by_task(result: Any, name: str | None = None) -> Iterator[tuple[str | None, Any]]:
    """Yield the name and the scores of each task of a result; the only task has no name."""
    if "pred_scores" in result:
        yield name, result["pred_scores"]
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


def expand(images: list[str]) -> Iterator[Path]:
    """Yield the image files that arguments stand for; folders are searched."""
    for name in images:
        path = Path(name)
        if path.is_dir():
            from mmpretrain.apis.inputs import in_folder

            yield from map(Path, in_folder(path))
        elif path.is_file():
            yield path
        else:
            raise MissingFileError(f"there is no image {name!r}", hint=f"The current folder is {Path.cwd()}.")


def _task_column(rows: list[dict[str, Any]]) -> list[str]:
    return ["task"] if any("task" in row for row in rows) else []


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Return rows as CSV with a header."""
    text = io.StringIO()
    columns = ["image", *_task_column(rows), "rank", "label", "class", "score"]
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: csv_cell(item) if isinstance(item, str) else item for key, item in row.items()})
    return text.getvalue()


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print rows as a table."""
    from rich.console import Console
    from rich.table import Table

    tasks = _task_column(rows)
    table = Table("image", *tasks, "label", "class", "score")
    shown = ""
    for row in rows:
        image = "" if row["image"] == shown and (tasks or row["rank"] > 1) else row["image"]
        shown = row["image"]
        task = [row["task"] if row["rank"] == 1 else ""] if tasks else []
        texts = [image, *task, row["label"], row["class"] or "", f"{row['score']:.4f}"]
        table.add_row(*map(cell, texts))
    Console(soft_wrap=True).print(table)
