"""Layers that MMCV registers, with inputs for them.

Run in the reference environment (mmpretrain 1.2, mmcv-lite 2.2), this file prints ``data/mmcv_layers.json``:
``python -m tests.models.layers.mmcv_cases > tests/models/layers/data/mmcv_layers.json``.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch

from tests.golden.fingerprint import fill, fingerprint

MAP, WIDE_MAP = (2, 4, 6, 5), (2, 16, 6, 5)
CONV = {"in_channels": 4, "out_channels": 6, "kernel_size": 3, "groups": 2}
ATTENTION = {"type": "MultiheadAttention", "embed_dims": 8, "num_heads": 2}
FFN = {"type": "FFN", "embed_dims": 8, "feedforward_channels": 16}
ORDER = ("norm", "self_attn", "norm", "cross_attn", "norm", "ffn")


def layers(**kwargs: Any) -> dict:
    layer = {"type": "BaseTransformerLayer", "attn_cfgs": ATTENTION, "ffn_cfgs": FFN, **kwargs}
    return {"transformerlayers": layer, "num_layers": 2}


#: case -> type, arguments, shape of the input
CASES: dict[str, tuple[str, dict, tuple[int, ...]]] = {
    **{
        f"non-local {mode} {sub}": ("NonLocal2d", dict(in_channels=4, mode=mode, sub_sample=sub), MAP)
        for mode in ("gaussian", "embedded_gaussian", "dot_product", "concatenation")
        for sub in (False, True)
    },
    "non-local norm": (
        "NonLocal2d",
        dict(in_channels=4, reduction=1, use_scale=False, norm_cfg={"type": "BN"}, zeros_init=False),
        MAP,
    ),
    "non-local 1d": ("NonLocal1d", dict(in_channels=4, sub_sample=True), (2, 4, 6)),
    "non-local 3d": ("NonLocal3d", dict(in_channels=4, sub_sample=True, mode="gaussian"), (2, 4, 3, 6, 5)),
    "context att": ("ContextBlock", dict(in_channels=4, ratio=0.5), MAP),
    "context avg": (
        "ContextBlock",
        dict(in_channels=4, ratio=0.5, pooling_type="avg", fusion_types=("channel_add", "channel_mul")),
        MAP,
    ),
    **{
        f"attention {kind}": (
            "GeneralizedAttention", dict(in_channels=16, num_heads=2, attention_type=kind), WIDE_MAP
        )
        for kind in ("1111", "1000", "0010", "0001", "1010", "0101")
    },
    "attention strides": (
        "GeneralizedAttention",
        dict(
            in_channels=16,
            num_heads=3,
            q_stride=2,
            kv_stride=3,
            position_embedding_dim=8,
            position_magnitude=2,
        ),
        WIDE_MAP,
    ),
    "attention near": (
        "GeneralizedAttention", dict(in_channels=512, num_heads=2, spatial_range=2), (1, 512, 6, 5)
    ),
    "ConvAWS": ("ConvAWS", CONV, MAP),
    "ConvWS": ("ConvWS", CONV, MAP),
    "layers norm first": ("TransformerLayerSequence", layers(operation_order=ORDER), (3, 3, 8)),
    "layers norm last": (
        "TransformerLayerSequence",
        layers(operation_order=(*ORDER[1:], "norm"), batch_first=True),
        (3, 3, 8),
    ),
}  # fmt: skip


def run(case: str, classes: dict[str, type]) -> dict[str, Any]:
    """Shapes by key, a sum of the initial weights, and the fingerprint of the output."""
    kind, args, shape = CASES[case]
    torch.manual_seed(0)
    module = classes[kind](**args).eval()
    state = module.state_dict()
    initial = sum(float(value.double().abs().sum()) for value in state.values())
    x = torch.from_numpy(np.random.Generator(np.random.PCG64(0)).standard_normal(shape, dtype="float32"))
    with torch.no_grad():
        for key, value in state.items():
            fill(key, value)
        if kind == "TransformerLayerSequence":
            out = module(x, x.flip(1), 2 * x, query_pos=x / 3, key_pos=x.cos())
        else:
            out = module(x)
    return {
        "state": {key: list(value.shape) for key, value in state.items()},
        "initial": initial,
        "output": fingerprint(out),
    }


if __name__ == "__main__":
    from mmcv.cnn.bricks import non_local, transformer
    from mmengine.registry import MODELS

    found = {**MODELS.module_dict, **vars(non_local), **vars(transformer)}
    print(json.dumps({case: run(case, found) for case in CASES}, indent=1))
