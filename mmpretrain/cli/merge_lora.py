"""``mmpretrain merge-lora``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mmpretrain.cli.options import ConfigArgument, checkpoint_in
from mmpretrain.cli.outputs import Force, new_file
from mmpretrain.cli.reparameterize import SUFFIXES, write
from mmpretrain.cli.say import say


def merge_lora(
    cfg: ConfigArgument,
    src: Annotated[
        str, typer.Argument(metavar="CKPT", help="What was trained: the low-rank additions and the head.")
    ],
    dst: Annotated[
        Path, typer.Argument(metavar="OUT", help="Where to write the whole model: .pth or .safetensors.")
    ],
    force: Force = False,
) -> None:
    """Add what LoRA has learned to the weights that it was learned on, and write the whole model.

    Example:

    `mmpretrain merge-lora vit-base-p16_8xb64-lora_in1k-384px work_dirs/lora merged.pth`
    """
    out = new_file(dst, "OUT", force=force, suffixes=SUFFIXES)
    from mmpretrain import init_model
    from mmpretrain.analysis.deploy import merge_lora

    model: Any = init_model(cfg, checkpoint_in(src), device="cpu")
    write(merge_lora(model), out)
    say(f"Saved the merged model at {out}. Use it: mmpretrain predict IMAGE --model {out}")
