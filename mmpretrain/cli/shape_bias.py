"""``mmpretrain shape-bias``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmpretrain.cli.outputs import Force, new_file
from mmpretrain.cli.say import say

if TYPE_CHECKING:
    from mmpretrain.analysis.shape_bias import Decisions

PICTURE = "cue-conflict_shape-bias_matrixplot"


def shape_bias(
    csv_dir: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder with the tables that ShapeBiasMetric wrote.")
    ],
    model_names: Annotated[
        list[str], typer.Option(metavar="NAME...", help="Models, as in the names of the tables.")
    ],
    result_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="Save the picture there.")] = None,
    colors: Annotated[
        list[float] | None,
        typer.Option(metavar="R G B...", help="Three numbers from 0 to 255 for each model."),
    ] = None,
    markers: Annotated[
        list[str] | None, typer.Option(metavar="MARK...", help="A marker of matplotlib for each.")
    ] = None,
    plotting_names: Annotated[
        list[str] | None, typer.Option(metavar="NAME...", help="What to call the models in the picture.")
    ] = None,
    delete_icons: Annotated[bool, typer.Option("--delete-icons", hidden=True)] = False,
    force: Force = False,
) -> None:
    """Draw how much models go by shape, and how much by texture, in each of 16 categories.

    Tables of people in the folder (`cue-conflict_subject-01_session_1.csv`) are drawn, too.

    Example:

    `mmpretrain shape-bias --csv-dir work_dirs/csv --result-dir pictures --model-names resnet50 vit`
    """
    from mmpretrain.analysis import shape_bias as analysis
    from mmpretrain.errors import ConfigError

    for option, values, each in (
        ("--plotting-names", plotting_names, 1),
        ("--markers", markers, 1),
        ("--colors", colors, 3),
    ):
        if values and len(values) != each * len(model_names):
            raise ConfigError(f"{each * len(model_names)} values are needed, got {len(values)}", where=option)
    out = None
    if result_dir is not None:
        out = new_file(result_dir / f"{PICTURE}.png", "--result-dir", force=force)
    shown = plotting_names or model_names
    found = [
        analysis.read_tables(analysis.find_tables(csv_dir, name), label)
        for name, label in zip(model_names, shown)
    ]
    if (humans := analysis.people(csv_dir)) is not None:
        found.append(humans)
    _print(found)
    if out is not None:
        _draw(found, out, colors or [], markers or [])
        say(f"Saved the picture to {out}.")


def _print(found: Sequence[Decisions]) -> None:
    width = max(len(decisions.name) for decisions in found)
    say(f"{'model':<{width}}  shape bias  decided for one of both")
    for decisions in found:
        bias = decisions.bias()
        either = sum(decisions.shape.values()) + sum(decisions.texture.values())
        text = "none" if bias is None else f"{bias:.4f}"
        say(f"{decisions.name:<{width}}  {text:>10}  {either} of {decisions.count}")


def _draw(found: Sequence[Decisions], path: Path, colors: Sequence[float], markers: Sequence[str]) -> None:
    """Draw a line for each category, with the bias of each model on it."""
    from mmpretrain.analysis.shape_bias import CATEGORIES
    from mmpretrain.visualization import figures

    figure = figures.new_figure((9, 9))
    axes: Any = figure.subplots()
    palette = figures.distinct_colours(len(found))
    rows = list(reversed(list(CATEGORIES)))
    for number, decisions in enumerate(found):
        given = colors[3 * number : 3 * number + 3]
        colour = [min(max(value / 255, 0), 1) for value in given] if len(given) == 3 else palette[number]
        marker = markers[number] if number < len(markers) else "oDsv^<>PXh"[number % 10]
        known = [
            (1 - bias, row) for row, name in enumerate(rows) if (bias := decisions.bias(name)) is not None
        ]
        axes.scatter(
            *zip(*known) if known else ([], []), color=colour, marker=marker, s=60, label=decisions.name
        )
        if (whole := decisions.bias()) is not None:
            axes.axvline(1 - whole, color=colour, alpha=0.6)
    axes.set(
        xlim=(-0.02, 1.02), xlabel="share of texture decisions", yticks=range(len(rows)), yticklabels=rows
    )
    above = axes.secondary_xaxis("top", functions=(_other_share, _other_share))
    above.set_xlabel("share of shape decisions")
    axes.grid(axis="y", alpha=0.4)
    axes.legend(loc="lower right")
    figures.save(figure, path)


def _other_share(share: Any) -> Any:
    return 1 - share
