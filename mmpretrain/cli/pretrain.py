"""``mmpretrain pretrain``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from mmpretrain.cli.options import SkipBad
from mmpretrain.cli.say import say
from mmpretrain.cli.shortcuts import Cache, CacheSize, Device, LearningRate, LoaderMode, Loading
from mmpretrain.errors import ConfigError


def pretrain(
    method: Annotated[
        str | None, typer.Argument(metavar="METHOD", help="Such as mae or dino; leave it out for a list.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="FOLDER", help="Images, with or without labels.")
    ] = None,
    arch: Annotated[
        str | None, typer.Option("--arch", metavar="ARCH", help="Such as resnet18 or vit-tiny.")
    ] = None,
    epochs: Annotated[
        int, typer.Option("--epochs", metavar="N", min=1, help="Passes over the images.")
    ] = 100,
    image_size: Annotated[
        int, typer.Option("--image-size", metavar="S", min=8, help="Edge of the crops.")
    ] = 224,
    batch_size: Annotated[
        int | None,
        typer.Option("--batch-size", metavar="N", min=2, help="Images in a batch; 64, or all if fewer."),
    ] = None,
    lr: LearningRate = None,
    init: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="CKPT", help="Weights to begin with: a checkpoint, a zoo name, timm/NAME, ..."
        ),
    ] = None,
    work_dir: Annotated[
        Path | None,
        typer.Option("--work-dir", "--out", metavar="DIR", help="Where to write; work_dirs/METHOD_ARCH."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=0, help="Data workers.")] = 4,
    loader: LoaderMode = None,
    cache: Cache = None,
    cache_size: CacheSize = None,
    device: Device = None,
    skip_bad: SkipBad = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue with the run in the work folder.")
    ] = False,
) -> None:
    """Pre-train a backbone on images without labels.

    The config is kept in the work folder; `mmpretrain train CONFIG` does the same. What comes out
    is `backbone.pth`.

    Examples:

    `mmpretrain pretrain mae --data photos/ --arch vit-tiny --epochs 200`

    `mmpretrain pretrain continued --data photos/ --from dinov2_vits14.pth`
    """
    from mmpretrain.apis.pretraining import METHODS
    from mmpretrain.apis.pretraining.given import network_to_train

    if method is None:
        list_methods()
        return
    if data is None:
        raise ConfigError("no images are given", where="--data", hint="Say where they are: --data FOLDER.")
    loading = Loading(loader, cache, cache_size)
    network = None if init is None else network_to_train(init, arch, image_size)
    settings = {"arch": arch, "epochs": epochs, "image_size": image_size, "lr": lr, "init": init}
    settings["network"] = network
    content = planned(method, data, batch_size, workers=workers, **settings)
    named = arch or (METHODS[method].arch if init is None else Path(init).stem)
    path = (work_dir or Path("work_dirs") / f"{method}_{named}") / f"pretrain_{method}.py"
    train_backbone(
        content, path, image_size, device=device, resume=resume, loading=loading, skip_bad=skip_bad
    )


def list_methods() -> None:
    """Print the methods, with the network that each trains by default, and the networks."""
    from mmpretrain.apis.pretraining import ARCHS, METHODS

    for name, recipe in METHODS.items():
        say(f"{name:<12}  {recipe.arch:<12}  {recipe.about}")
    say(f"\nArchs: {', '.join(ARCHS)}")


def planned(
    method: str, data: str, batch_size: int | None, *, workers: int, **settings: Any
) -> dict[str, Any]:
    """Return the config of a pre-training on the images at ``data``.

    Args:
        method: Name of the method.
        data: Where the images are.
        batch_size: Images in a batch; None to choose it by their number.
        workers: Number of data workers.
        **settings: Of :func:`~mmpretrain.apis.pretraining.pretraining_config`.
    """
    from mmpretrain.apis.pretraining import pretraining_config
    from mmpretrain.datasets.unlabelled import images_from_spec

    dataset = images_from_spec(data)
    pretraining_config(method, dataset, **settings)  # complain before images are counted
    batch = fitting_batch(dataset, batch_size, data)
    return pretraining_config(method, dataset, batch_size=batch, workers=workers, **settings)


def train_backbone(
    content: dict[str, Any],
    path: Path,
    image_size: int,
    *,
    device: str | None,
    resume: bool,
    loading: Loading,
    skip_bad: bool = False,
) -> None:
    """Write a config of pre-training to a file, train in the folder of the file, and say what came out."""
    from mmpretrain.cli.train import prepare, print_results, run, shown
    from mmpretrain.config import Config

    path.parent.mkdir(parents=True, exist_ok=True)
    Config(content).dump(path)
    say(f"The config is in {shown(path)}")
    cfg = Config.fromfile(path)
    cfg.work_dir = str(path.parent)
    if device is not None:
        cfg.device = device
    prepare(cfg, resume="auto" if resume else None, loading=loading, skip_bad=skip_bad)
    start = time.monotonic()
    runner = run(cfg, summary=False)
    if not runner.is_main:
        return
    backbone = shown(path.parent / "backbone.pth")
    rows = {"trained": f"{runner.epoch} epochs in {time.monotonic() - start:.0f} s", "backbone": backbone}
    judge = f"{backbone} --data LABELLED --image-size {image_size}"
    print_results(
        "Pre-training is done",
        {**rows, "config": shown(path)},
        [f"mmpretrain knn {judge}", f"mmpretrain linear-probe {judge}"],
    )


def fitting_batch(dataset: dict, wanted: int | None, data: str) -> int:
    """Number of images in a batch: 64, or all images if there are fewer.

    Raises:
        ConfigError: If there are fewer images than a batch has to have.
    """
    from mmpretrain.registry import DATASETS

    count = len(DATASETS.build(dataset))
    least = wanted or 2
    if count < least:
        raise ConfigError(
            f"{data!r} has {count} image{'s' * (count != 1)}, too few for a batch of {least}",
            where="--batch-size" if wanted else "--data",
            hint="Choose a smaller --batch-size." if wanted and count >= 2 else "Give more images.",
        )
    return wanted or min(64, count)
