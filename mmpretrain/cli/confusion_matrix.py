"""``mmpretrain confusion-matrix``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmpretrain.cli.options import CfgOptions, ConfigArgument, checkpoint_in, load_config
from mmpretrain.cli.outputs import PICTURES, Force, new_file
from mmpretrain.cli.say import say
from mmpretrain.utils.text import cell, csv_cell

if TYPE_CHECKING:
    from torch import Tensor

#: Up to so many classes, the matrix is printed.
PRINTED = 12
#: Inches of the picture at most, and classes whose counts can be written into it.
LARGEST, WITH_VALUES = 40.0, 100
#: How many pairs of classes that are often confused are printed.
PAIRS = 10


def confusion_matrix(
    config: ConfigArgument,
    ckpt_or_result: Annotated[
        str,
        typer.Argument(
            metavar="CKPT|RESULT", help="A checkpoint to test, or predictions that were saved (.pkl)."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save the matrix: .pkl, .json or .csv.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Show the picture.")] = False,
    show_path: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save the picture: .png, .svg, ...")
    ] = None,
    include_values: Annotated[
        bool, typer.Option("--include-values", help="Write the counts into the picture.")
    ] = False,
    cmap: Annotated[str, typer.Option(help="Colour map of matplotlib.")] = "viridis",
    force: Force = False,
    cfg_options: CfgOptions = None,
) -> None:
    """Count which classes are confused, from a checkpoint or from saved predictions.

    Examples:

    `mmpretrain confusion-matrix lenet5_digits result.pkl --show-path matrix.png`

    `mmpretrain confusion-matrix lenet5_digits work_dirs/lenet5_digits --out matrix.csv`
    """
    from mmpretrain.analysis import datasets
    from mmpretrain.errors import ConfigError

    if out is not None:
        out = new_file(out, "--out", force=force, suffixes=(".pkl", ".pickle", ".json", ".csv"))
    if show_path is not None:
        show_path = new_file(show_path, "--show-path", force=force, suffixes=PICTURES)
    _check_colours(cmap)
    if show:
        from mmpretrain.visualization import figures

        figures.require_display()
    cfg = load_config(config, cfg_options)
    saved = ckpt_or_result.endswith((".pkl", ".pickle", ".json", ".npz"))
    counts = _from_results(cfg, ckpt_or_result) if saved else _from_checkpoint(cfg, ckpt_or_result)
    classes = datasets.class_names(cfg)
    if include_values and len(counts) > WITH_VALUES:
        raise ConfigError(
            f"the counts of {len(counts)} classes do not fit into a picture", where="--include-values",
            hint="Leave it out, and save them: --out matrix.csv.",
        )  # fmt: skip
    if classes is None or len(classes) != len(counts):
        classes = [str(label) for label in range(len(counts))]
    _print(counts, classes)
    if out is not None:
        _save(counts, classes, out)
        say(f"Saved the matrix to {out}.")
    if show_path is not None or show:
        _draw(counts, classes, show_path, show, include_values, cmap)


def _check_colours(name: str) -> None:
    import matplotlib

    from mmpretrain.errors import ConfigError
    from mmpretrain.utils.suggest import did_you_mean

    if name not in matplotlib.colormaps:
        raise ConfigError(
            f"there is no colour map {name!r}", where="--cmap", hint=did_you_mean(name, matplotlib.colormaps)
        )


def _from_results(cfg: Any, path: str) -> Tensor:
    from mmpretrain.analysis import datasets
    from mmpretrain.analysis.results import add_labels, load_results
    from mmpretrain.evaluation import Evaluator

    records = load_results(path)
    if any("gt_label" not in record for record in records):
        add_labels(records, datasets.build_dataset(cfg))
    evaluator = Evaluator({"type": "ConfusionMatrix"})
    evaluator.dataset_meta = {"classes": datasets.class_names(cfg) or ()}
    return evaluator.offline_evaluate(records)["confusion_matrix/result"]


def _from_checkpoint(cfg: Any, checkpoint: str) -> Tensor:
    from mmpretrain.cli import test

    cfg.load_from = checkpoint_in(checkpoint)
    cfg.resume = False
    test.prepare(cfg)
    cfg.test_evaluator = [{"type": "ConfusionMatrix"}]
    return test.evaluate(cfg)["confusion_matrix/result"]


def _print(counts: Tensor, classes: Sequence[str]) -> None:
    """Print the matrix if it is small, and the pairs that are confused most."""
    from rich.console import Console
    from rich.table import Table

    total = int(counts.sum())
    right = int(counts.diagonal().sum())
    say(f"{right} of {total} samples are on the diagonal ({100 * right / max(total, 1):.2f} %).")
    if len(classes) <= PRINTED:
        table = Table("true \\ predicted", *map(cell, classes))
        for name, row in zip(classes, counts.tolist()):
            table.add_row(cell(name), *map(str, row))
        Console(soft_wrap=True).print(table)
    wrong = counts.clone()
    wrong.fill_diagonal_(0)
    for place in wrong.flatten().argsort(descending=True, stable=True)[:PAIRS].tolist():
        actual, predicted = divmod(place, len(classes))
        if wrong[actual, predicted]:
            count, whole = int(wrong[actual, predicted]), max(int(counts[actual].sum()), 1)
            pair = f"{classes[actual]} taken for {classes[predicted]}"
            say(f"{count:>6}  {pair} ({100 * count / whole:.1f} %)")


def _save(counts: Tensor, classes: Sequence[str], path: Path) -> None:
    import pickle

    from mmpretrain.utils.atomic import write_atomic

    if path.suffix == ".json":
        data = json.dumps({"classes": list(classes), "counts": counts.tolist()}).encode()
    elif path.suffix == ".csv":
        text = io.StringIO()
        rows = [["", *classes], *([name, *row] for name, row in zip(classes, counts.tolist()))]
        csv.writer(text, lineterminator="\n").writerows([[csv_cell(value) for value in row] for row in rows])
        data = text.getvalue().encode()
    else:
        data = pickle.dumps(counts)
    write_atomic(path, lambda file: file.write(data))


def _draw(
    counts: Tensor, classes: Sequence[str], path: Path | None, show: bool, include_values: bool, cmap: str
) -> None:
    from mmpretrain.evaluation.metrics.confusion import ConfusionMatrix
    from mmpretrain.visualization import figures

    figure = ConfusionMatrix.plot(counts, include_values, cmap, [name[:30] for name in classes], show=False)
    side = min(max(10.0, len(classes) * 0.25), LARGEST)
    figure.set_size_inches(side, side)
    if path is not None:
        figures.save(figure, path)
        say(f"The confusion matrix is saved at {path}.")
    if show:
        figures.show()
