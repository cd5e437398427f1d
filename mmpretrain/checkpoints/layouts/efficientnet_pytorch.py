"""The layout of the package ``efficientnet-pytorch``, of its fork for lite models, and of their weights.

The parts are timm's under other names, and the blocks of all stages are numbered in one row. So the weights
are translated to timm's layout first.
"""

from __future__ import annotations

import re
from dataclasses import replace

from mmpretrain.checkpoints.layouts import timm
from mmpretrain.checkpoints.layouts.layout import Tensors

#: The parts of a block -> in timm, for blocks with an expansion and for those without.
EXPANDED = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2",
            "_project_conv": "conv_pwl", "_bn2": "bn3"}  # fmt: skip
PLAIN = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
SQUEEZE = {"_se_reduce": "se.conv_reduce", "_se_expand": "se.conv_expand"}
ENDS = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2",
        "_fc": "classifier"}  # fmt: skip

BLOCK = re.compile(r"_blocks\.(\d+)\.(\w+)\.(\w+)$")


def to_timm(weights: Tensors) -> Tensors:
    """Give the weights the names that they have in timm."""
    stages = _stages(weights)
    renamed = {}
    for key, value in weights.items():
        if match := BLOCK.match(key):
            stage, block = stages[int(match[1])]
            names = EXPANDED if f"_blocks.{match[1]}._expand_conv.weight" in weights else PLAIN
            part = {**names, **SQUEEZE}.get(match[2], match[2])
            renamed[f"blocks.{stage}.{block}.{part}.{match[3]}"] = value
        else:
            end, _, rest = key.partition(".")
            renamed[f"{ENDS.get(end, end)}.{rest}"] = value
    return renamed


def _stages(weights: Tensors) -> dict[int, tuple[int, int]]:
    """Number of a block -> its stage and its number there; the width changes from stage to stage."""
    widths = {
        int(match[1]): value.shape[0]
        for key, value in weights.items()
        if (match := BLOCK.match(key)) and match[2] == "_project_conv" and match[3] == "weight"
    }
    places: dict[int, tuple[int, int]] = {}
    stage, block, before = -1, 0, 0
    for number in sorted(widths):
        stage, block = (stage, block + 1) if widths[number] == before else (stage + 1, 0)
        places[number], before = (stage, block), widths[number]
    return places


(_TIMM,) = (layout for layout in timm.LAYOUTS if layout.family == "efficientnet")

LAYOUTS = (
    replace(
        _TIMM,
        source="efficientnet-pytorch",
        marks=(r"^_conv_stem\.weight", r"^_blocks\.0\._project_conv\.weight"),
        condition=None,
        prepare=(to_timm, *_TIMM.prepare),
    ),
)
