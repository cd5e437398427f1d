"""``mmpretrain vis-cam``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmpretrain.cli.options import CfgOptions, checkpoint_in
from mmpretrain.cli.say import say
from mmpretrain.errors import ConfigError

if TYPE_CHECKING:
    from mmpretrain.explain import Explanation
    from mmpretrain.models.base import BaseModel

#: Names of methods, as --help lists them; a test compares them with the registered methods.
METHOD_NAMES = (
    "gradcam", "gradcam++", "xgradcam", "layercam", "hirescam", "eigencam", "eigengradcam", "scorecam",
    "ablationcam", "rollout",
)  # fmt: skip


def vis_cam(
    img: Annotated[str, typer.Argument(metavar="IMG", help="An image file.")],
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A config, a checkpoint, a folder of a run, or a zoo name.")
    ],
    checkpoint: Annotated[
        str | None, typer.Argument(metavar="CKPT", help="Weights, if MODEL is a config.")
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=f"One of {', '.join(METHOD_NAMES)}; or auto: the most faithful of those that are quick.",
        ),
    ] = "GradCAM",
    target_layers: Annotated[
        list[str] | None,
        typer.Option(metavar="LAYER...", help="Layers to look at; by default one that fits the backbone."),
    ] = None,
    preview_model: Annotated[
        bool, typer.Option("--preview-model", help="Print the model with its layers, and nothing else.")
    ] = False,
    target_category: Annotated[
        list[str] | None,
        typer.Option(metavar="CLASS...", help="Numbers or names of classes; by default the predicted one."),
    ] = None,
    task: Annotated[str | None, typer.Option("--task", metavar="TASK", help="The task, of several.")] = None,
    eigen_smooth: Annotated[
        bool, typer.Option("--eigen-smooth", help="Reduce noise: take the first principal component.")
    ] = False,
    aug_smooth: Annotated[
        bool, typer.Option("--aug-smooth", help="Take the mean over six versions of the image.")
    ] = False,
    save_path: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save the picture there, instead of showing it.")
    ] = None,
    device: Annotated[str, typer.Option("--device", metavar="DEVICE", help="Such as cpu or cuda:1.")] = "cpu",
    vit_like: Annotated[
        bool, typer.Option("--vit-like", help="Accepted as in 1.x: tokens are recognised without it.")
    ] = False,
    num_extra_tokens: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Tokens before those of the patches; the backbone says it."),
    ] = None,
    cfg_options: CfgOptions = None,
) -> None:
    """Show which parts of an image a prediction depends on (class activation maps).

    Examples:

    `mmpretrain vis-cam cat.jpg work_dirs/my_run --method auto --save-path cam.jpg`

    `mmpretrain vis-cam cat.jpg CONFIG CKPT --target-layers backbone.layer4.2 --target-category 238`
    """
    net = _open(model, checkpoint, device, cfg_options)
    if preview_model:
        say(net)
        return
    if not Path(img).is_file():
        from mmpretrain.errors import MissingFileError

        raise MissingFileError(f"there is no image {img!r}", hint=f"The current folder is {Path.cwd()}.")
    from mmpretrain.explain import explain

    targets = [int(item) if item.lstrip("-").isdigit() else item for item in target_category or ()]
    results = explain(
        net,
        [img],
        method.lower() if method.lower() == "auto" else method,
        targets or None,
        target_layers=target_layers or (),
        eigen_smooth=eigen_smooth,
        aug_smooth=aug_smooth,
        num_extra_tokens=num_extra_tokens,
        task=task,
    )
    for result in results:
        say(described(result))
    show_or_save(results, save_path, title=method)


def _open(model: str, checkpoint: str | None, device: str, cfg_options: list[str] | None) -> BaseModel:
    from mmpretrain.apis import init_model, open_model

    if not cfg_options:
        return open_model(checkpoint_in(model), checkpoint, device)
    if checkpoint is None:
        raise ConfigError(
            "--cfg-options change a config, and need one and a checkpoint",
            hint="Give both: mmpretrain vis-cam IMG CONFIG CKPT --cfg-options KEY=VALUE",
        )
    from mmpretrain.config import parse_options

    return init_model(model, checkpoint, device, cfg_options=parse_options(cfg_options))


def described(result: Explanation) -> str:
    """Say in words what was explained, and how."""
    name = f"{result.target}" + (f" ({result.class_name})" if result.class_name else "")
    of_class = result.kind == "class"
    parts = [f"class {name}, score {result.score:.4f}" if of_class else f"value {name}: {result.score:.4g}"]
    if of_class and result.target != result.predicted:
        parts.append(f"predicted is {result.predicted}")
    parts.append(result.method + (f" of {', '.join(result.layers)}" if result.layers else ""))
    if result.faithfulness is not None:
        parts.append(f"faithfulness {result.faithfulness:+.3f}")
    if result.others:
        ranked = sorted(result.others.items(), key=lambda item: -item[1])
        parts.append("others: " + ", ".join(f"{other} {value:+.3f}" for other, value in ranked))
    if result.is_empty:
        parts.append("the map is empty: nothing in this layer speaks for the class")
    return "; ".join(parts)


def show_or_save(results: list[Explanation], path: Path | None, title: str) -> None:
    """Save pictures of one image side by side, or show them in a window."""
    import numpy as np

    from mmpretrain.explain.explanation import write_image

    picture = np.concatenate([result.overlay() for result in results], axis=1)
    if path is not None:
        write_image(path, picture)
        say(f"Saved {path}")
        return
    from mmpretrain.visualization import Visualizer

    try:
        Visualizer().show(picture, win_name=title)
    except ConfigError as error:
        raise ConfigError(error.message, hint="Save it instead: --save-path FILE.") from error
