"""``mmpretrain batch-find``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmpretrain.cli.options import CfgOptions, ConfigArgument, Data, load_config
from mmpretrain.cli.outputs import PICTURES, Force, new_file
from mmpretrain.cli.say import say, shown
from mmpretrain.cli.shortcuts import Device

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from mmpretrain.analysis.batch_size import Measured


def batch_find(
    config: ConfigArgument,
    data: Data = None,
    largest: Annotated[int, typer.Option("--max", metavar="N", min=2, help="Largest batch to try.")] = 4096,
    save_path: Annotated[
        Path | None,
        typer.Option(
            "--save-path", "-s", metavar="FILE", help="Save the curve as a picture: .png, .svg, ..."
        ),
    ] = None,
    device: Device = None,
    force: Force = False,
    cfg_options: CfgOptions = None,
) -> None:
    """Find a batch size: how fast training is with each, and which one still fits into memory.

    Nothing but the picture is written. The time to read images is not counted.

    Examples:

    `mmpretrain batch-find work_dirs/finetune_photos/plan/finetune.py`

    `mmpretrain batch-find resnet18_8xb32_in1k --data photos/ --max 512 --save-path batch.svg`
    """
    from mmpretrain.analysis.batch_size import advise, batch_sizes
    from mmpretrain.cli import overrides
    from mmpretrain.cli.checks import check_before_start
    from mmpretrain.errors import ConfigError
    from mmpretrain.utils.progress import track

    if save_path is not None:
        save_path = new_file(save_path, "--save-path", force=force, suffixes=PICTURES)
    cfg = load_config(config, cfg_options)
    if data is not None:
        overrides.use_data(cfg, data)
    overrides.set_loader_defaults(cfg)
    check_before_start(cfg, ("train",))
    measured = []
    for found in track(batch_sizes(cfg, largest, device=device), "batch-find"):
        speed = "does not fit into memory" if found.speed is None else f"{found.speed:8.1f} images/s"
        say(
            f"  batch {found.batch:>5}  {speed}"
            + (f"  {found.memory / 2**20:8.0f} MB" if found.speed else "")
        )
        measured.append(found)
    if not any(found.speed for found in measured):
        raise ConfigError("not even the smallest batch fits into memory", hint="Make the images smaller.")
    small, fits = advise(measured)
    say(f"Batches of {small} are about as fast as any; {fits} is the largest that was tried and fits.")
    own = cfg.train_dataloader.get("batch_size")
    say("Next", bold=True)
    if own == small:
        say("  nothing to change: the config has this batch size")
    else:
        words = "" if data is None else f" --data {shlex.quote(data)}"
        rate = _rate_for(cfg, small)
        words += f" --batch-size {small}" + ("" if rate is None else f" --lr {rate:.2g}")
        say(f"  mmpretrain train {shlex.quote(config)}{words}  # now {own}; the learning rate goes with it")
    if save_path is not None:
        from mmpretrain.visualization import figures

        figures.save(draw(measured), save_path)
        say(f"The curve is in {shown(save_path)}")


def _rate_for(cfg: Any, batch: int) -> float | None:
    """The learning rate for another batch: by the root for Adam and its kin, in proportion for others."""
    optimizer = (cfg.get("optim_wrapper") or {}).get("optimizer") or {}
    rate, own = optimizer.get("lr"), cfg.train_dataloader.get("batch_size")
    if not isinstance(rate, (int, float)) or not isinstance(own, int):
        return None
    adaptive = any(name in str(optimizer.get("type")).lower() for name in ("adam", "lamb", "lion"))
    return rate * (batch / own) ** (0.5 if adaptive else 1.0)


def draw(measured: Sequence[Measured]) -> Figure:
    """Draw images a second and memory over batch sizes."""
    from mmpretrain.visualization import figures

    fitting = sorted((item for item in measured if item.speed is not None), key=lambda item: item.batch)
    sizes = [item.batch for item in fitting]
    figure = figures.new_figure((8, 5))
    left: Any = figure.subplots()
    left.plot(sizes, [item.speed for item in fitting], marker="o")
    left.set(xscale="log", xlabel="batch size", ylabel="images a second", title="Batch size")
    left.set_xticks(sizes, list(map(str, sizes)))
    left.minorticks_off()
    left.set_ylim(bottom=0)
    right = left.twinx()
    right.plot(sizes, [item.memory / 2**20 for item in fitting], color="tab:orange", linestyle="--")
    right.set_ylabel("MB of memory (dashed)")
    right.set_ylim(bottom=0)
    return figure
