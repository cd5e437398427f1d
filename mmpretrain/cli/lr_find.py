"""``mmpretrain lr-find``."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmpretrain.cli.options import CfgOptions, ConfigArgument, Data, load_config
from mmpretrain.cli.outputs import PICTURES, Force, new_file
from mmpretrain.cli.say import say, shown
from mmpretrain.cli.shortcuts import BatchSize, Device

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mmpretrain.analysis.lr_range import LrRange
    from mmpretrain.config import Config


def lr_find(
    config: ConfigArgument,
    data: Data = None,
    low: Annotated[
        float, typer.Option("--min", metavar="RATE", help="Learning rate of the first step.")
    ] = 1e-6,
    high: Annotated[
        float, typer.Option("--max", metavar="RATE", help="Learning rate of the last step.")
    ] = 1.0,
    steps: Annotated[int, typer.Option("--steps", metavar="N", min=10, help="Number of steps.")] = 100,
    save_path: Annotated[
        Path | None,
        typer.Option(
            "--save-path", "-s", metavar="FILE", help="Save the curve as a picture: .png, .svg, ..."
        ),
    ] = None,
    batch_size: BatchSize = None,
    device: Device = None,
    force: Force = False,
    cfg_options: CfgOptions = None,
) -> None:
    """Find a learning rate: it rises step by step, until the loss does.

    Nothing but the picture is written, and no checkpoint changes.

    Examples:

    `mmpretrain lr-find work_dirs/finetune_photos/plan/finetune.py`

    `mmpretrain lr-find resnet18_8xb32_in1k --data photos/ --save-path lr.svg`
    """
    from mmpretrain.analysis.lr_range import lr_range
    from mmpretrain.cli import overrides, shortcuts
    from mmpretrain.cli.checks import check_before_start
    from mmpretrain.utils.progress import track

    if save_path is not None:
        save_path = new_file(save_path, "--save-path", force=force, suffixes=PICTURES)
    cfg = load_config(config, cfg_options)
    shortcuts.apply(cfg, ("train",), batch_size=batch_size)
    if data is not None:
        overrides.use_data(cfg, data)
    overrides.set_loader_defaults(cfg)
    check_before_start(cfg, ("train",))

    def watch(items: Iterable[int]) -> Iterable[int]:
        return track(items, "lr-find")

    found = lr_range(cfg, low, high, steps, device=device, workers=0, watch=watch)
    _tell(found, cfg, config, data)
    if save_path is not None:
        from mmpretrain.visualization import figures

        figures.save(draw(found), save_path)
        say(f"The curve is in {shown(save_path)}")


def _tell(found: LrRange, cfg: Config, config: str, data: str | None) -> None:
    import numpy as np

    from mmpretrain.visualization.sketch import sketch

    kept = np.isfinite(found.smooth)
    rates = found.rates[kept]
    say("Loss over the learning rate, which rises from step to step")
    ends = (f"{rates[0]:.2g}", f"{rates[-1]:.2g}") if len(rates) else None
    for line in sketch(np.log10(rates), np.minimum(found.smooth[kept], 2 * found.smooth[0]), ends=ends):
        say(line)
    if found.suggestion is None:
        say("No fall of the loss stands out from the differences between batches: try more --steps, a larger")
        say("--batch-size, or other limits --min and --max.")
        return
    say(f"It falls most steeply at {found.suggestion:.2g}, and no further from {found.largest:.2g} on.")
    own = ((cfg.get("optim_wrapper") or {}).get("optimizer") or {}).get("lr")
    now = f"  # now {own:g}" if isinstance(own, (int, float)) else ""
    words = "" if data is None else f" --data {shlex.quote(data)}"
    say("Next", bold=True)
    say(f"  mmpretrain train {shlex.quote(config)}{words} --lr {found.suggestion:.2g}{now}")


def draw(found: LrRange) -> Figure:
    """Draw losses over learning rates, with the suggestion marked."""
    from mmpretrain.visualization import figures

    figure = figures.new_figure((8, 5))
    axes: Any = figure.subplots()
    axes.plot(found.rates, found.losses, linewidth=0.6, alpha=0.4, label="loss of a batch")
    axes.plot(found.rates, found.smooth, linewidth=1.5, label="smoothed")
    if found.suggestion is not None:
        axes.axvline(found.suggestion, color="tab:green", linestyle="--", label=f"{found.suggestion:.2g}")
    top = max(float(found.smooth[0]) * 2, 1e-9)
    axes.set(xscale="log", xlabel="learning rate", ylabel="loss", ylim=(0, top), title="Learning rate")
    axes.legend()
    return figure
