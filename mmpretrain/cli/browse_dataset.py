"""``mmpretrain browse-dataset``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mmpretrain.cli.options import CfgOptions, ConfigArgument, load_config
from mmpretrain.cli.outputs import Force, new_file, new_folder
from mmpretrain.cli.say import say

if TYPE_CHECKING:
    import numpy as np

    from mmpretrain.analysis.samples import Sample

Mode = Literal["original", "transformed", "concat", "pipeline"]


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
        Mode,
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
    seed: Annotated[int, typer.Option(help="Seed of the augmentation.")] = 0,
    shuffle: Annotated[bool, typer.Option("--shuffle", help="Take samples from all over the data.")] = False,
    force: Force = False,
    cfg_options: CfgOptions = None,
) -> None:
    """Save or show samples of a data set: as they are stored, and as the pipeline changes them.

    Examples:

    `mmpretrain browse-dataset lenet5_digits -o pictures -n 20 --mode concat`

    `mmpretrain browse-dataset my_config.py --grid augmented.png -n 36 --shuffle`
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
    from mmpretrain.analysis.datasets import build_dataset

    dataset = build_dataset(load_config(config, cfg_options), phase)
    indices = _choose(
        len(dataset), show_number or (36 if output_dir is None else len(dataset)), shuffle, seed
    )
    rgb = channel_order == "RGB"
    pictures = _draw(
        dataset, indices, mode, seed, rgb, rescale_factor, output_dir, grid is not None, show, show_interval
    )
    if output_dir is not None:
        say(f"Saved {len(indices)} pictures in {output_dir}.")
    if grid is not None:
        _save_sheet(pictures, mode, grid)
        say(f"Saved {len(pictures)} pictures on {grid}.")


def _choose(size: int, count: int, shuffle: bool, seed: int) -> list[int]:
    import random

    count = min(count, size)
    return sorted(random.Random(seed).sample(range(size), count)) if shuffle else list(range(count))


def _draw(
    dataset: Any,
    indices: Sequence[int],
    mode: Mode,
    seed: int,
    rgb: bool,
    factor: float | None,
    folder: Path | None,
    keep: bool,
    show: bool,
    interval: float,
) -> list[np.ndarray]:
    """Draw samples one after another; return the pictures if they are to be kept."""
    from collections import Counter

    from mmpretrain.analysis.samples import follow
    from mmpretrain.utils.progress import track
    from mmpretrain.visualization import UniversalVisualizer
    from mmpretrain.visualization.drawing import rescale

    visualizer = UniversalVisualizer()
    classes = (getattr(dataset, "metainfo", None) or {}).get("classes")
    seen: Counter[str] = Counter()
    pictures = []
    for index in track(indices, "samples"):
        sample = follow(dataset, index, seed)
        label = _label(sample, classes)
        labelled = compose(sample, mode, label, rgb=rgb)
        if factor is not None:
            labelled = rescale(labelled, factor)
        if len(sample.steps) == 1 or mode in ("original", "transformed"):
            labelled = _with_label(visualizer, labelled, sample, classes)
        if folder is not None:
            from PIL import Image

            folder.mkdir(parents=True, exist_ok=True)
            stem = Path(sample.name).stem
            seen[stem] += 1
            name = f"{stem}.png" if seen[stem] == 1 else f"{stem}-{seen[stem]}.png"
            Image.fromarray(labelled).save(folder / name)
        if show:
            visualizer.show(labelled, win_name=sample.name, wait_time=interval)
        if keep:
            pictures.append(labelled)
    return pictures


def compose(sample: Sample, mode: Mode, label: str = "", *, rgb: bool = False) -> np.ndarray:
    """Return the picture of a sample: ``(H, W, 3)``, RGB.

    Args:
        sample: The sample.
        mode: What to show of it.
        label: Its class, to be written above the first of several images.
        rgb: Whether the pipeline has images in RGB.
    """
    from mmpretrain.analysis.samples import enlarge, tile

    first, last = sample.steps[0], sample.steps[-1]
    chosen = {"original": [first], "transformed": [last], "concat": [first, last], "pipeline": sample.steps}[
        mode
    ]
    images, captions = [], []
    for step in chosen:
        for number, image in enumerate(step.images):
            images.append(enlarge(image[..., ::-1] if rgb else image))
            captions.append(step.name if len(step.images) == 1 else f"{step.name} {number}")
    if len(images) == 1:
        return images[0]
    captions[0] += f": {label}" if label else ""
    return tile(images, captions)


def _label(sample: Sample, classes: Any) -> str:
    packed: Any = sample.data_sample
    labels = packed.get("gt_label") if hasattr(packed, "get") else None
    if labels is None:
        return ""
    return ", ".join(classes[label] if classes else str(label) for label in labels.tolist())


def _with_label(visualizer: Any, picture: np.ndarray, sample: Sample, classes: Any) -> np.ndarray:
    if sample.data_sample is None or not hasattr(sample.data_sample, "items"):
        return picture
    return visualizer.visualize_cls(picture, sample.data_sample, classes, draw_pred=False)


def _save_sheet(pictures: Sequence[np.ndarray], mode: Mode, path: Path) -> None:
    import io
    import math

    from PIL import Image

    from mmpretrain.analysis.samples import tile
    from mmpretrain.utils.atomic import write_atomic

    columns = math.ceil(math.sqrt(len(pictures))) if mode in ("original", "transformed") else 1
    buffer = io.BytesIO()
    kind = {".jpg": "JPEG", ".jpeg": "JPEG"}.get(path.suffix.lower(), path.suffix[1:].upper())
    Image.fromarray(tile(pictures, columns=columns)).save(buffer, format=kind)
    write_atomic(path, lambda file: file.write(buffer.getvalue()))
