"""``mmpretrain browse-dataset``."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mmpretrain.cli.options import CfgOptions, ConfigArgument, Data, load_config
from mmpretrain.cli.outputs import Force, new_file, new_folder
from mmpretrain.cli.say import say

if TYPE_CHECKING:
    import numpy as np

    from mmpretrain.analysis.pictures import Look


def browse_dataset(
    config: ConfigArgument,
    output_dir: Annotated[
        Path | None, typer.Option("--output-dir", "-o", metavar="DIR", help="Save the pictures there.")
    ] = None,
    grid: Annotated[Path | None, typer.Option(metavar="FILE", help="Save all pictures on one sheet.")] = None,
    show: Annotated[bool, typer.Option("--show/--not-show", help="Show the pictures one by one.")] = False,
    phase: Annotated[
        Literal["train", "test", "val"], typer.Option("--phase", "-p", help="Which data.")
    ] = "train",
    show_number: Annotated[
        int | None,
        typer.Option("--show-number", "-n", "--number", metavar="N", min=1, help="How many samples."),
    ] = None,
    show_interval: Annotated[
        float, typer.Option("--show-interval", "-i", metavar="SECONDS", min=0, help="How long to show each.")
    ] = 2,
    mode: Annotated[
        Literal["original", "transformed", "concat", "pipeline"],
        typer.Option("--mode", "-m", help="As stored, as the model sees them, both, or after each step."),
    ] = "transformed",
    rescale_factor: Annotated[
        float | None,
        typer.Option("--rescale-factor", "-r", metavar="FACTOR", min=0.01, help="Scale the pictures."),
    ] = None,
    channel_order: Annotated[
        Literal["BGR", "RGB"],
        typer.Option("--channel-order", "-c", help="The order in which the pipeline has them."),
    ] = "BGR",
    skip_type: Annotated[
        list[str] | None, typer.Option(metavar="TYPE...", help="Leave these steps of the pipeline out.")
    ] = None,
    min_edge_length: Annotated[
        int, typer.Option(metavar="N", min=1, help="Enlarge pictures whose shorter side has fewer pixels.")
    ] = 160,
    max_edge_length: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Shrink pictures whose longer side has more pixels."),
    ] = None,
    bgr2rgb: Annotated[bool, typer.Option("--bgr2rgb", hidden=True)] = False,
    adaptive: Annotated[bool, typer.Option("--adaptive", hidden=True)] = False,
    window_size: Annotated[str | None, typer.Option(hidden=True)] = None,
    seed: Annotated[int, typer.Option(help="Seed of the augmentation.")] = 0,
    shuffle: Annotated[bool, typer.Option("--shuffle", help="Take samples from all over the data.")] = False,
    data: Data = None,
    force: Force = False,
    cfg_options: CfgOptions = None,
) -> None:
    """Save or show samples of a data set: as they are stored, and as the pipeline changes them.

    Examples:

    `mmpretrain browse-dataset lenet5_digits -o pictures -n 20 --mode concat`

    `mmpretrain browse-dataset my_config.py --grid augmented.png -n 36 --shuffle`

    `mmpretrain browse-dataset resnet50_8xb32_in1k --data data/fruit --grid fruit.png`
    """
    from mmpretrain.errors import ConfigError

    if output_dir is None and grid is None and not show:
        raise ConfigError(
            "nothing says where the pictures go",
            hint="Save them: -o DIR, or --grid FILE.png; or --show them.",
        )
    if grid is not None:
        grid = new_file(grid, "--grid", force=force, suffixes=(".png", ".jpg", ".jpeg", ".webp"))
    if output_dir is not None:
        output_dir = new_folder(output_dir, "--output-dir", force=force)
    if show:
        from mmpretrain.visualization import figures

        figures.require_display()
    from mmpretrain.analysis import pictures
    from mmpretrain.analysis.datasets import build_dataset
    from mmpretrain.cli.overrides import use_data
    from mmpretrain.visualization import UniversalVisualizer

    cfg = load_config(config, cfg_options)
    if data is not None:
        use_data(cfg, data)
    _leave_out(cfg, phase, skip_type or [])
    dataset = build_dataset(cfg, phase)
    indices = _choose(
        len(dataset), show_number or (36 if output_dir is None else len(dataset)), shuffle, seed
    )
    look = pictures.Look(
        mode,
        rgb=(channel_order == "RGB") is not bgr2rgb,
        factor=rescale_factor or 1.0,
        smallest=min_edge_length,
        largest=max_edge_length,
    )
    sheet: list[np.ndarray] = []
    names: Counter[str] = Counter()
    for name, picture in _pictures(dataset, indices, look, seed):
        if output_dir is not None:
            _save(picture, output_dir, Path(name).stem, names)
        if show:
            UniversalVisualizer().show(picture, win_name=name, wait_time=show_interval)
        if grid is not None:
            sheet.append(picture)
    if output_dir is not None:
        say(f"Saved {len(indices)} pictures in {output_dir}.")
    if grid is not None:
        _save_sheet(sheet, 1 if mode in ("concat", "pipeline") else math.ceil(math.sqrt(len(sheet))), grid)
        say(f"Saved {len(sheet)} pictures on {grid}.")


def _pictures(
    dataset: Any, indices: Sequence[int], look: Look, seed: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Draw samples of a data set: name and picture of each."""
    from mmpretrain.analysis import pictures
    from mmpretrain.analysis.samples import follow
    from mmpretrain.utils.progress import track

    classes = (getattr(dataset, "metainfo", None) or {}).get("classes")
    for index in track(indices, "samples"):
        sample = follow(dataset, index, seed)
        yield sample.name, pictures.draw(sample, look, classes)


def _save(picture: np.ndarray, folder: Path, stem: str, names: Counter[str]) -> None:
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    names[stem] += 1
    name = f"{stem}.png" if names[stem] == 1 else f"{stem}-{names[stem]}.png"
    Image.fromarray(picture).save(folder / name)


def _leave_out(cfg: Any, phase: Literal["train", "test", "val"], types: Sequence[str]) -> None:
    """Take steps of these types out of a pipeline."""
    from mmpretrain.analysis.datasets import loader_of
    from mmpretrain.config.wrapped import plain_datasets

    for dataset in plain_datasets(loader_of(cfg, phase)["dataset"]) if types else ():
        dataset["pipeline"] = [
            step for step in dataset.get("pipeline") or () if step.get("type") not in types
        ]


def _choose(size: int, count: int, shuffle: bool, seed: int) -> list[int]:
    import random

    count = min(count, size)
    return sorted(random.Random(seed).sample(range(size), count)) if shuffle else list(range(count))


def _save_sheet(pictures: Sequence[np.ndarray], columns: int, path: Path) -> None:
    import io

    from PIL import Image

    from mmpretrain.analysis.samples import tile
    from mmpretrain.utils.atomic import write_atomic

    buffer = io.BytesIO()
    kind = {".jpg": "JPEG", ".jpeg": "JPEG"}.get(path.suffix.lower(), path.suffix[1:].upper())
    Image.fromarray(tile(pictures, columns=columns)).save(buffer, format=kind)
    write_atomic(path, lambda file: file.write(buffer.getvalue()))
