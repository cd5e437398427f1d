"""``mmpretrain pack`` and ``mmpretrain unpack``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mmpretrain.cli.say import say, shown

if TYPE_CHECKING:
    from mmpretrain.datasets.packed.packing import Packed

#: Images with problems that are printed.
SHOWN = 10


def pack(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="Whatever `--data` takes: a folder of class folders, a list, a table, `hf://org/name`, ...",
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write.")],
    format: Annotated[
        Literal["jpeg", "raw", "keep"],
        typer.Option(
            help="jpeg: add restart markers to JPEGs, so that crops decode in part; raw: store pixels; "
            "keep: store files as they are."
        ),
    ] = "jpeg",
    short_edge: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Resize images whose short edge is longer, once and for all."),
    ] = None,
    quality: Annotated[
        int | None,
        typer.Option(
            metavar="Q",
            min=1,
            max=100,
            help="Encode JPEGs again at this quality; by default pixels stay the same, and resized images "
            "get 95.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, help="Processes, or threads for raw; as many as there are cores by default."
        ),
    ] = None,
    shard_size: Annotated[
        str, typer.Option(metavar="SIZE", help="Size of one file: `500MB`, `4GB`.")
    ] = "4GB",
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="Pack all images, without labels, for `pretrain`.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read everything again, and compare it with DATA.")
    ] = False,
) -> None:
    """Pack a data set into a few large files that load faster.

    All commands take the result as `--data OUT`. If packing is interrupted, the same command goes on.

    Examples:

    `mmpretrain pack data/imagenet packed/imagenet`

    `mmpretrain pack data/photos packed/photos --short-edge 512 --verify`

    `mmpretrain pack data/fruit packed/fruit --format raw`
    """
    from mmpretrain.datasets.packed import packing
    from mmpretrain.datasets.packed.encode import TOOL, Encoding
    from mmpretrain.utils.env import usable_cores
    from mmpretrain.utils.sizes import parse_size

    how = Encoding(format, short_edge, quality)
    if format == "jpeg" and quality is None and packing.jpegtran() is None:
        say(
            f"{TOOL} is not installed: JPEGs are kept as they are, and their crops are not decoded in part. "
            "Install libjpeg-turbo-progs (apt) or jpeg-turbo (brew), or give --quality 95, which changes "
            "pixels a little.",
            err=True,
        )
    count = usable_cores() if workers is None else workers
    size = parse_size(shard_size, "--shard-size")
    parts = []
    for part in packing.pack(data, out, how, workers=count, shard_bytes=size, unlabelled=unlabelled):
        _tell(part)
        parts.append(part)
    if verify:
        _verify(data, parts, unlabelled, count)
    say(f"Train on it: mmpretrain train CONFIG --data {shown(out)}")


def _tell(part: Packed) -> None:
    """Print what became of a split."""
    from mmpretrain.utils.sizes import show_size

    if part.summary is None:
        say(f"{part.split}: {part.samples:,} images, packed before")
        return
    summary = part.summary
    kept, divided, pixels = summary["kinds"]
    kinds = {"kept as they were": kept, "JPEGs that decode in part": divided, "as pixels": pixels}
    say(
        f"{part.split}: {part.samples:,} images, {show_size(summary['bytes_before'])} -> "
        f"{show_size(summary['bytes'])}: "
        + ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count)
    )
    for note, count in sorted(part.notes.items()):
        say(f"  {count:,} kept: {note}")
    if summary["psnr"]:
        worst, mean = summary["psnr"]
        say(
            f"  {summary['encoded_again']:,} encoded again: "
            f"PSNR {mean:.1f} dB on average, {worst:.1f} at least"
        )


def _verify(data: str, parts: list[Packed], unlabelled: bool, threads: int) -> None:
    """Compare the splits with the data that they were packed from.

    Raises:
        typer.Exit: With code 2 if anything differs.
    """
    from mmpretrain.datasets.packed.index import PackIndex
    from mmpretrain.datasets.packed.packing import splits_of
    from mmpretrain.datasets.packed.verify import verify
    from mmpretrain.registry import DATASETS
    from mmpretrain.utils.progress import track
    from mmpretrain.utils.text import visible

    configs: dict[str, Any] = splits_of(data, unlabelled)
    bad = 0
    for part in parts:
        index, source = PackIndex(part.folder), DATASETS.build(configs[part.split])
        found = track(verify(index, source, max(threads, 1)), f"{part.split} verified", total=len(index))
        for number, problem in enumerate(found):
            if problem is not None and (bad := bad + 1) <= SHOWN:
                say(f"  {part.split}, image {number}: {visible(problem)}", err=True)
    if bad:
        say(f"{bad} packed images differ from their originals.", err=True)
        raise typer.Exit(2)
    say(f"{sum(part.samples for part in parts):,} images were verified.")


def unpack(
    packed: Annotated[Path, typer.Argument(metavar="PACKED", help="What `mmpretrain pack` wrote.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder.")],
) -> None:
    """Turn a packed data set into files again: the same bytes, or, of pixels, PNG.

    Each part gets a folder, and an annotation file that lists its images and labels.

    Example:

    `mmpretrain unpack packed/fruit fruit_again`
    """
    from mmpretrain.cli.outputs import new_folder
    from mmpretrain.datasets.packed.index import PackIndex
    from mmpretrain.datasets.packed.places import explain_absence, packed_splits
    from mmpretrain.datasets.packed.unpacking import unpack
    from mmpretrain.errors import ConfigError, MissingFileError
    from mmpretrain.utils.progress import track

    target = new_folder(out, "OUT").absolute()
    splits = packed_splits(str(packed))
    if not splits:
        raise explain_absence(str(packed), "", MissingFileError("nothing"))
    partial = target.with_name(f".{target.name}.partial")
    if partial.exists():
        raise ConfigError(
            f"{str(partial)!r} is in the way: an unpacking that was killed left it, or is under way",
            hint="Delete it, or name another OUT.",
        )
    try:
        for split in splits:
            folder = str(packed / split)
            name = split or packed.resolve().name
            files = unpack(folder, partial, name)
            count = sum(1 for _ in track(files, f"{name} images", total=len(PackIndex(folder))))
            say(f"{name}: {count:,} images")
    except BaseException:  # Ctrl-C too
        shutil.rmtree(partial, ignore_errors=True)
        raise
    if target.is_dir():
        target.rmdir()
    partial.rename(target)
    say(f"Wrote {shown(target)}.")
