"""``mmpretrain analyze-logs``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmpretrain.cli.outputs import PICTURES, Force, new_file
from mmpretrain.cli.say import say

if TYPE_CHECKING:
    from mmpretrain.analysis.logs import Curve, Log

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="See how long iterations took, and draw curves from logs: `mmpretrain analyze-logs plot_curve DIR`.",
)
Logs = Annotated[
    list[str],
    typer.Argument(metavar="LOG...", help="Logs (vis_data/*.json, *.log.json), or work folders of runs."),
]


@app.command("cal_train_time")
def cal_train_time(
    json_logs: Logs,
    include_outliers: Annotated[
        bool, typer.Option("--include-outliers", help="Count the first value of each epoch, too.")
    ] = False,
) -> None:
    """Print the slowest and the fastest epoch, and the mean time of an iteration.

    Example: `mmpretrain analyze-logs cal_train_time work_dirs/my_run`
    """
    from mmpretrain.analysis.logs import Log, train_time

    for path in json_logs:
        log = Log.read(path)
        found = train_time(log.times(), outliers=include_outliers)
        say(f"-----Analyze train time of {log.path}-----")
        if log.counts_epochs:
            say(f"slowest epoch {found.slowest[0]}, average time is {found.slowest[1]:.4f}")
            say(f"fastest epoch {found.fastest[0]}, average time is {found.fastest[1]:.4f}")
            say(f"time std over epochs is {found.deviation:.4f}")
        say(f"average iter time: {found.mean:.4f} s/iter\n")


@app.command("plot_curve")
def plot_curve(
    json_logs: Logs,
    keys: Annotated[
        list[str] | None, typer.Option(metavar="NAME...", help="Values to draw; loss by default.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title of the picture.")] = None,
    legend: Annotated[
        list[str] | None, typer.Option(metavar="TEXT...", help="Names of the curves in the picture.")
    ] = None,
    style: Annotated[str, typer.Option(help="Style of the picture: whitegrid, darkgrid, ...")] = "whitegrid",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save the picture: .png, .svg, ...")
    ] = None,
    window_size: Annotated[str, typer.Option(metavar="W*H", help="Size of the picture in inches.")] = "12*7",
    backend: Annotated[str | None, typer.Option(hidden=True)] = None,
    show: Annotated[bool, typer.Option("--show", help="Show the picture in a window.")] = False,
    force: Force = False,
) -> None:
    """Draw losses and metrics: into a picture with `--out`, else in the terminal.

    Examples:

    `mmpretrain analyze-logs plot_curve work_dirs/my_run --keys loss accuracy/top1`

    `mmpretrain analyze-logs plot_curve a.json b.json --keys loss --legend run1 run2 --out losses.png`
    """
    from mmpretrain.analysis.logs import Log
    from mmpretrain.errors import ConfigError
    from mmpretrain.visualization import figures, sketch

    if out is not None:
        out = new_file(out, "--out", force=force, suffixes=PICTURES)
    if show:
        figures.require_display()
    size = figures.parse_size(window_size)
    curves: list[tuple[Log, Curve]] = []
    for path in json_logs:
        log = Log.read(path)
        for name in keys or ["loss"]:
            say(f"plot curve of {log.path}, metric is {name}")
            curves.append((log, log.curve(name)))
    names = legend or [_label(log, curve, len(json_logs) > 1) for log, curve in curves]
    if len(names) != len(curves):
        raise ConfigError(
            f"there are {len(curves)} curves, and {len(names)} names for them", where="--legend"
        )
    if out is None and not show:
        for (_, curve), name in zip(curves, names):
            say(f"\n{name} by {'epoch' if curve.in_epochs else 'iteration'}")
            for line in sketch.sketch(curve.places, curve.values):
                say(line)
        return
    _draw(curves, names, title, size, style, out)
    if show:
        figures.show()


def _label(log: Log, curve: Curve, several: bool) -> str:
    return f"{Path(log.path).stem} {curve.name}" if several else curve.name


def _draw(
    curves: Sequence[tuple[Log, Curve]],
    names: Sequence[str],
    title: str | None,
    size: tuple[float, float],
    style: str,
    out: Path | None,
) -> None:
    """Draw curves over iterations; over epochs, if one of them is known for epochs only."""
    from mmpretrain.visualization import figures

    in_epochs = any(curve.in_epochs for _, curve in curves)
    figure = figures.new_figure(size, style)
    with figures.styled(style):
        axes = figure.subplots()
    for (log, curve), name in zip(curves, names):
        places = curve.places / log.epoch_length if in_epochs and not curve.in_epochs else curve.places
        axes.plot(places, curve.values, label=name, linewidth=1, marker="o" if curve.in_epochs else None)
    axes.legend()
    axes.set_xlabel("epoch" if in_epochs else "iter")
    if title is not None:
        axes.set_title(title)
    if out is not None:
        figures.save(figure, out)
        say(f"save curve to: {out}")
