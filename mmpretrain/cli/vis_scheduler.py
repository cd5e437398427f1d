"""``mmpretrain vis-scheduler``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mmpretrain.cli.options import CfgOptions, ConfigArgument, load_config
from mmpretrain.cli.outputs import PICTURES, Force, new_file
from mmpretrain.cli.say import say

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from mmpretrain.analysis.schedule import Length


def vis_scheduler(
    config: ConfigArgument,
    parameter: Annotated[
        Literal["lr", "momentum", "wd"],
        typer.Option("--parameter", "-p", help="Learning rate, momentum, weight decay."),
    ] = "lr",
    dataset_size: Annotated[
        int | None,
        typer.Option("--dataset-size", "-d", metavar="N", min=1, help="Samples; else the data are counted."),
    ] = None,
    ngpus: Annotated[int, typer.Option("--ngpus", "-n", metavar="N", min=1, help="Number of GPUs.")] = 1,
    save_path: Annotated[
        Path | None,
        typer.Option("--save-path", "-s", metavar="FILE", help="Save the picture: .png, .svg, ..."),
    ] = None,
    show: Annotated[bool, typer.Option("--show/--not-show", help="Show the picture in a window.")] = False,
    title: Annotated[str | None, typer.Option(help="Title of the picture.")] = None,
    style: Annotated[str, typer.Option(help="Style of the picture: whitegrid, darkgrid, ...")] = "whitegrid",
    window_size: Annotated[str, typer.Option(metavar="W*H", help="Size of the picture in inches.")] = "12*7",
    log_level: Annotated[str, typer.Option(hidden=True)] = "WARNING",
    force: Force = False,
    cfg_options: CfgOptions = None,
) -> None:
    """Draw the learning rate over a training run, in the terminal and as a picture.

    Examples:

    `mmpretrain vis-scheduler resnet50_8xb32_in1k --dataset-size 1281167 --ngpus 8`

    `mmpretrain vis-scheduler lenet5_digits -p momentum --save-path momentum.png`
    """
    from mmpretrain.analysis.schedule import NAMES, curve, training_length
    from mmpretrain.visualization import figures, sketch

    if save_path is not None:
        save_path = new_file(save_path, "--save-path", force=force, suffixes=PICTURES)
    size = figures.parse_size(window_size)
    if show:
        figures.require_display()
    cfg = load_config(config, cfg_options)
    length = training_length(cfg, dataset_size, ngpus)
    values = curve(cfg, parameter, length)
    title = title or f"{Path(cfg.filename or config).name} {NAMES[parameter]} curve"
    _describe(length)
    say(f"\n{title}")
    unit = 1 if length.epoch is None else length.epoch
    places = [index / unit for index in range(len(values))]
    for line in sketch.sketch(places, values):
        say(line)
    say(f"{'iterations' if length.epoch is None else 'epochs'}; from {values[0]:.4g} to {values[-1]:.4g}")
    if save_path is not None or show:
        figure = draw(values, length, NAMES[parameter], title, size, style)
        if save_path is not None:
            figures.save(figure, save_path)
            say(f"\nThe {NAMES[parameter]} graph is saved at {save_path}")
        if show:
            figures.show()


def _describe(length: Length) -> None:
    if length.samples is not None:
        say(f"Dataset size: {length.samples}")
    say(f"Total batch size: {length.batch}")
    if length.epoch is not None:
        say(f"Iterations per epoch: {length.epoch}")
    say(f"Iterations: {length.iterations}")


def draw(
    values: np.ndarray, length: Length, name: str, title: str, size: tuple[float, float], style: str | None
) -> Figure:
    """Draw a curve over iterations, with epochs as a second axis."""
    from mmpretrain.visualization import figures

    figure = figures.new_figure(size, style)
    with figures.styled(style):
        axes: Any = figure.subplots()
        axes.plot(values, linewidth=1)
    axes.set(ylabel=name, title=title, xlabel="Iters")
    if (per_epoch := length.epoch) is not None:
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("top")
        iterations: Any = per_epoch
        scales = (lambda x: x / iterations, lambda x: x * iterations)
        below = axes.secondary_xaxis("bottom", functions=scales)
        below.set_xlabel("Epochs")
    return figure
