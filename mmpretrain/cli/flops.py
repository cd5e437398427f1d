"""``mmpretrain flops``."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from mmpretrain.cli.options import CfgOptions, ConfigArgument
from mmpretrain.cli.say import say

RULE = "=" * 30


def flops(
    config: ConfigArgument,
    shape: Annotated[
        list[int] | None,
        typer.Option(
            metavar="N...",
            help="Size of the image: `--shape 224`, `--shape 224 320` (height, width), `--shape 1 28 28` "
            "(with channels); by default that of the config's test pipeline.",
        ),
    ] = None,
    depth: Annotated[int, typer.Option(metavar="N", min=0, help="Levels of modules in the table.")] = 2,
    deploy: Annotated[
        bool, typer.Option("--deploy", help="Count the form for deployment (RepVGG, MobileOne, LeViT, ...).")
    ] = False,
    convention: Annotated[
        Literal["all", "layers"],
        typer.Option(
            "--convention",
            help="`layers` counts as MMClassification 0.x did, whose figures the zoo has for many models: "
            "convolutions, linear layers, norms, ReLUs and pooling, but not attention.",
        ),
    ] = "all",
    as_json: Annotated[bool, typer.Option("--json", help="Print numbers as JSON, all modules.")] = False,
    cfg_options: CfgOptions = None,
) -> None:
    """Count parameters, FLOPs and activations of a model, module by module, without computing anything.

    A multiplication with its addition is one FLOP. Attention, normalisation, pooling and the head count,
    unless `--convention layers` says otherwise.

    Examples:

    `mmpretrain flops resnet50_8xb32_in1k`

    `mmpretrain flops my_config.py --shape 384 --depth 3`
    """
    from mmpretrain.analysis.complexity import short, table
    from mmpretrain.analysis.model_cost import measure
    from mmpretrain.cli.options import load_config

    cost = measure(load_config(config, cfg_options), shape or (), deploy=deploy, convention=convention)
    if as_json:
        numbers = {
            name: {**vars(part), "flops": part.flops}
            for name, part in cost.costs.items()
            if part.flops or part.params
        }
        say(json.dumps({"input_shape": cost.input_shape, "modules": numbers}, indent=2))
        return
    total = cost.total
    say(table(cost.costs, cost.model, depth))
    say(RULE)
    say(f"Input shape: {cost.input_shape}")
    say(f"Flops: {short(total.flops)}")
    say(f"Params: {short(total.params)}")
    say(f"Activation: {short(total.activations)}")
    say(RULE)
    parts = {
        "convolutions and matrix products": total.products,
        "attention": total.attention,
        "normalisation and pooling": total.others,
    }
    say(
        "Of the FLOPs: " + ", ".join(f"{name} {short(value)}" for name, value in parts.items() if value) + "."
    )
