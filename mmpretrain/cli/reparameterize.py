"""``mmpretrain reparameterize``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mmpretrain.cli.options import ConfigArgument, checkpoint_in
from mmpretrain.cli.outputs import Force, new_file
from mmpretrain.cli.say import say

SUFFIXES = (".pth", ".safetensors")


def reparameterize(
    config_path: ConfigArgument,
    checkpoint_path: Annotated[
        str,
        typer.Argument(
            metavar="CKPT", help="Its weights: path, address, the folder of a run, a name of the zoo."
        ),
    ],
    save_path: Annotated[
        Path, typer.Argument(metavar="OUT", help="Where to write it: .pth or .safetensors.")
    ],
    force: Force = False,
) -> None:
    """Merge the branches of RepVGG, MobileOne, LeViT and their kind into single layers, for deployment.

    The results of both forms are compared before anything is written.

    Example:

    `mmpretrain reparameterize repvgg-A0_8xb32_in1k work_dirs/repvgg repvgg_deploy.pth`
    """
    out = new_file(save_path, "OUT", force=force, suffixes=SUFFIXES)
    import torch

    from mmpretrain import init_model
    from mmpretrain.analysis.deploy import reparameterize
    from mmpretrain.analysis.model_cost import full_shape

    model: Any = init_model(config_path, checkpoint_in(checkpoint_path), device="cpu")
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, *full_shape(model._config), generator=generator)
    difference = reparameterize(model, image)
    write(model, out)
    say(f'Done! Save at path "{out}"')
    say(f"Results differ by {difference:.1e} of the largest. Use it: mmpretrain predict IMAGE --model {out}")


def write(model: Any, out: Path) -> None:
    """Write a model with its config and its class names."""
    from mmpretrain import __version__
    from mmpretrain.checkpoints import save

    meta = {
        "cfg": model._config.pretty_text,
        "dataset_meta": dict(model._dataset_meta or {}),
        "mmpretrain_version": __version__,
    }
    save({"meta": meta, "state_dict": model.state_dict()}, out)
