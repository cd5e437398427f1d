"""``mmpretrain image-demo``."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from mmpretrain.cli.options import checkpoint_in
from mmpretrain.utils.text import json_text


def image_demo(
    img: Annotated[str, typer.Argument(metavar="IMAGE", help="An image file.")],
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A config, a name of the zoo, a checkpoint, a run.")
    ],
    weights: Annotated[
        str | None, typer.Argument(metavar="[CKPT]", help="Weights, as 0.x takes them.")
    ] = None,
    checkpoint: Annotated[
        str | None, typer.Option(metavar="CKPT", help="Weights, if MODEL is a config or a name.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Show the image with its label.")] = False,
    show_dir: Annotated[
        str | None, typer.Option(metavar="DIR", help="Save the image with its label there.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="Such as cpu or cuda:0.")] = None,
) -> None:
    """Classify one image, and print the result as JSON; `predict` does more, for many images.

    Examples:

    `mmpretrain image-demo demo/dog.jpg efficientnet-lite0_3rdparty_in1k`

    `mmpretrain image-demo cat.png my_config.py --checkpoint work_dirs/my_run`
    """
    from mmpretrain.apis import ImageClassificationInferencer
    from mmpretrain.cli.predict import by_task

    weights = checkpoint or weights
    inferencer = ImageClassificationInferencer(
        checkpoint_in(model), None if weights is None else checkpoint_in(weights), device
    )
    drawing = {"show": show, "show_dir": show_dir} if show or show_dir is not None else {}
    result = inferencer(img, **drawing)[0]
    tasks = dict(by_task(result))
    if None in tasks:
        typer.echo(json_text(json.dumps(_short(result), indent=4, ensure_ascii=False)))
    else:
        shown = {name: r["pred_label"] if "pred_label" in r else _short(r) for name, r in tasks.items()}
        typer.echo(json_text(json.dumps(shown, indent=4)))


def _short(result: Any) -> dict[str, Any]:
    """Return a result without the scores of all classes, and with plain numbers."""
    kept = {key: value for key, value in dict(result).items() if key != "pred_scores"}
    return {key: value.tolist() if hasattr(value, "tolist") else value for key, value in kept.items()}
