"""``mmpretrain convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmpretrain.cli.say import say
from mmpretrain.errors import ConfigError


def convert(
    checkpoint: Annotated[
        str,
        typer.Argument(
            help="Weights of another library or of 0.x (path, address, folder of a run, name of the zoo; of "
            "TensorFlow what the names of its files begin with), or a sharded checkpoint (folder)."
        ),
    ],
    out: Annotated[Path, typer.Argument(help="Where to write them: .pth or .safetensors.")],
    source: Annotated[
        str,
        typer.Option("--from", help="Who wrote them: timm, torchvision, openai-clip, ... or a family."),
    ] = "auto",
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Give weights of other libraries, or of 0.x, the names that they have here.

    Models load such files directly, too; converting saves the translation, and shows what becomes of it. A
    checkpoint in pieces, which a run with FSDPStrategy wrote, becomes one file from which it can continue.

    Examples:

    `mmpretrain convert resnet50-11ad3fa6.pth resnet50.pth`

    `mmpretrain convert ViT-B-16.pt clip_vit-base-p16.pth --from openai-clip`

    `mmpretrain convert efficientnet-b0/model.ckpt efficientnet-b0.pth`

    `mmpretrain convert work_dirs/vit/epoch_10.pth epoch_10_whole.pth`
    """
    from mmpretrain import checkpoints
    from mmpretrain.checkpoints import layouts
    from mmpretrain.checkpoints.serialization import save

    if out.exists() and not force:
        raise ConfigError(f"{str(out)!r} exists", hint="Name another file, or add --force.")
    if layouts.tensorflow.is_checkpoint(checkpoint):
        given = layouts.tensorflow.read(checkpoint)
    else:
        found = checkpoints.find(checkpoint)
        content = checkpoints.read(found)
        if Path(found.path).is_dir():
            save(content, out)
            say(f"{out}: all of the sharded checkpoint {found.name}.")
            return
        given = layouts.weights_of(content)
    converted = layouts.convert(given, source)
    save({"state_dict": converted.weights, "meta": {"converted_from": converted.layout.name}}, out)
    parts: dict[str, int] = {}
    for key in converted.weights:
        parts[key.partition(".")[0]] = parts.get(key.partition(".")[0], 0) + 1
    shares = ", ".join(f"{name} {count}" for name, count in parts.items())
    say(f"{out}: {len(converted.weights)} tensors ({shares}), converted from {converted.layout.name}.")
