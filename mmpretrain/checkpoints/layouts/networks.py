"""The backbone that weights are for, as their names and shapes tell.

What the shapes leave open is filled in from the published models of a family: the number of attention heads
from their width, the activation and the epsilon of the norms from the layout.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Any

from torch import Tensor

#: Number of channels of an attention head; and the number of heads where that does not give it: by width and
#: number of layers of a Vision Transformer (0 for any), and by width of DINOv3.
HEAD_DIMS = 64
HEADS = {(768, 8): 8, (1280, 0): 16, (1408, 0): 16}
DINOV3_HEADS = {4096: 32}
#: Blocks of the stages, and whether they are bottlenecks -> depth of a ResNet.
RESNETS = {
    (2, 2, 2, 2, False): 18, (3, 4, 6, 3, False): 34, (3, 4, 6, 3, True): 50, (3, 4, 23, 3, True): 101,
    (3, 8, 36, 3, True): 152,
}  # fmt: skip
#: Position embeddings for larger images than this are resized to ``USUAL``: DINOv2 has them for 518 pixels.
LARGEST, USUAL = 448, 224
GATED = "ffn.w12.weight"

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Network:
    """A backbone.

    Attributes:
        backbone: Its config.
        channels: Number of channels of its output.
        image_size: Edge of the images that it is for.
    """

    backbone: dict[str, Any]
    channels: int
    image_size: int = USUAL


def read_network(weights: Weights) -> Network | None:
    """Return the network of weights under the names used here; None if it is not one of those below.

    Args:
        weights: Key -> tensor, of a backbone or, below ``backbone.``, of a whole model.
    """
    inner = {k.removeprefix("backbone."): v for k, v in weights.items() if k.startswith("backbone.")}
    found = inner or weights
    for mark, read in READERS.items():
        if mark in found:
            try:
                return read(found)
            except (IndexError, KeyError, ValueError, ZeroDivisionError):  # tensors of odd shapes
                return None
    return None


def count(weights: Weights, pattern: str) -> int:
    """One more than the largest number that the group of a pattern finds at the beginning of a key."""
    return 1 + max((int(m[1]) for key in weights if (m := re.match(pattern, key))), default=-1)


def _transformer(weights: Weights) -> Network | None:
    """A :class:`VisionTransformer`, or a :class:`DINOv3ViT` where there are no positions."""
    if "cls_token" not in weights or "patch_embed.projection.weight" not in weights:
        return None
    width, channels, patch = weights["patch_embed.projection.weight"].shape[:3]
    layers = count(weights, r"layers\.(\d+)\.")
    gated = f"layers.0.{GATED}" in weights
    hidden = weights.get(f"layers.0.{GATED}" if gated else "layers.0.ffn.layers.0.0.weight")
    # Those of BEiT, DeiT and others have more of their own.
    others = r"dist_token$|.*(relative_position|rope|attn\.(q|v)_bias|attn\.q_norm)"
    if hidden is None or any(re.match(others, key) for key in weights):
        return None
    usual = max(1, width // HEAD_DIMS)
    arch: dict[str, Any] = {
        "embed_dims": width,
        "num_layers": layers,
        "num_heads": HEADS.get((width, layers)) or HEADS.get((width, 0), usual),
        "feedforward_channels": hidden.shape[0] // (2 if gated else 1),
    }
    registers = weights.get("register_tokens")
    backbone: dict[str, Any] = {"type": "VisionTransformer", "arch": arch, "patch_size": patch}
    backbone |= {"in_channels": channels, "num_registers": 0 if registers is None else registers.shape[1]}
    if "pos_embed" not in weights:
        arch |= {"num_heads": DINOV3_HEADS.get(width, usual), "ffn_type": "swiglu" if gated else "origin"}
        return Network(backbone | {"type": "DINOv3ViT"}, width)
    if gated:
        arch["ffn_type"] = "swiglu"
    places = weights["pos_embed"].shape[1] - 1
    if isqrt(places) ** 2 != places:  # as in DeiT III, whose class token has no position
        return None
    side = isqrt(places) * patch
    size = side if side <= LARGEST else USUAL
    backbone["img_size"] = size
    if "layers.0.attn.gamma1.weight" in weights:
        backbone["layer_scale_init_value"] = 1e-5
    if "layers.0.attn.qkv.bias" not in weights:
        backbone["qkv_bias"] = False
    if "pre_norm.weight" in weights:  # that of CLIP
        act = {"act_cfg": {"type": "QuickGELU"}}
        backbone |= {"pre_norm": True, "norm_cfg": {"type": "LN", "eps": 1e-5}, "layer_cfgs": act}
    if "ln1.weight" not in weights and "ln2.weight" in weights:
        backbone |= {"final_norm": False, "out_type": "avg_featmap"}
    return Network(backbone, width, size)


def _convnext(weights: Weights) -> Network | None:
    stem = weights["downsample_layers.0.0.weight"]
    stages = range(count(weights, r"stages\.(\d+)\."))
    norms = [weights.get(f"stages.{i}.0.norm.weight") for i in stages]
    if not norms or any(norm is None for norm in norms) or "stages.0.0.depthwise_conv.weight" not in weights:
        return None
    channels = [norm.shape[0] for norm in norms if norm is not None]
    depths = [count(weights, rf"stages\.{i}\.(\d+)\.") for i in stages]
    backbone = {
        "type": "ConvNeXt",
        "arch": {"depths": depths, "channels": channels},
        "in_channels": stem.shape[1],
        "stem_patch_size": stem.shape[-1],
        "use_grn": "stages.0.0.grn.gamma" in weights,
        "layer_scale_init_value": 1e-6 if "stages.0.0.gamma" in weights else 0.0,
    }
    return Network(backbone, channels[-1])


def _resnet(weights: Weights) -> Network | None:
    blocks = [count(weights, rf"layer{i}\.(\d+)\.") for i in range(1, 5)]
    wide = "layer1.0.conv3.weight" in weights
    depth = RESNETS.get((*blocks, wide))  # type: ignore[arg-type]
    stem, last = weights["conv1.weight"], weights.get(f"layer4.0.conv{3 if wide else 2}.weight")
    others = any(".se_layer." in key or key.startswith("stem.") for key in weights)
    plain = tuple(stem.shape[::2]) == (64, 7) and weights["layer1.0.conv1.weight"].shape[0] == 64
    if depth is None or last is None or others or not plain:
        return None
    return Network({"type": "ResNet", "depth": depth, "in_channels": stem.shape[1]}, last.shape[0])


def _swin(weights: Weights) -> Network | None:
    table = "attn.w_msa.relative_position_bias_table"
    projection = weights.get("patch_embed.projection.weight")
    depths = [
        count(weights, rf"stages\.{i}\.blocks\.(\d+)\.") for i in range(count(weights, r"stages\.(\d+)\."))
    ]
    tables = [weights.get(f"stages.{i}.blocks.0.{table}") for i in range(len(depths))]
    if projection is None or any(found is None for found in tables):
        return None
    heads = [found.shape[1] for found in tables if found is not None]
    windows = {(isqrt(found.shape[0]) + 1) // 2 for found in tables if found is not None}
    if len(windows) != 1:
        return None
    width, channels, patch = projection.shape[:3]
    window = windows.pop()
    size = USUAL if USUAL % (8 * patch * window) == 0 else 8 * patch * window
    backbone = {
        "type": "SwinTransformer",
        "arch": {"embed_dims": width, "depths": depths, "num_heads": heads},
        "img_size": size,
        "patch_size": patch,
        "in_channels": channels,
        "window_size": window,
    }
    return Network(backbone, width * 2 ** (len(depths) - 1), size)


def _hivit(weights: Weights) -> Network | None:
    stem, places = weights["patch_embed.proj.weight"], weights.get("pos_embed")
    blocks = range(count(weights, r"blocks\.(\d+)\."))
    merges = [i for i in blocks if f"blocks.{i}.reduction.weight" in weights]
    ratios = [_ratio(weights, f"blocks.{i}.mlp.fc1.weight") for i in (0, blocks[-1])]
    others = any(re.search(r"relative_position|gamma_", key) for key in weights)
    if len(merges) != 2 or places is None or others or "patch_embed.norm.weight" not in weights:
        return None
    side, width = isqrt(places.shape[1]), places.shape[2]
    stages = [merges[0] // 2, (merges[1] - merges[0]) // 2, blocks[-1] - merges[1]]
    part = stem.shape[-1]
    backbone = {
        "type": "HiViT",
        "arch": {"embed_dims": width, "depths": stages, "num_heads": max(1, width // HEAD_DIMS)},
        "img_size": side * 4 * part,
        "patch_size": 4 * part,
        "in_chans": stem.shape[1],
        "stem_mlp_ratio": ratios[0],
        "mlp_ratio": ratios[1],
        "qkv_bias": f"blocks.{blocks[-1]}.attn.qkv.bias" in weights,
        "norm_cfg": {"type": "LN", "eps": 1e-6},
    }
    return Network(backbone, width, side * 4 * part)


def _ratio(weights: Weights, key: str) -> float:
    """The width of a feed-forward network by that of its input."""
    hidden, width = weights[key].shape
    return hidden / width


def _mixmim(weights: Weights) -> Network | None:
    stem, places = weights["patch_embed.projection.weight"], weights["absolute_pos_embed"]
    stages = range(count(weights, r"layers\.(\d+)\."))
    depths = [count(weights, rf"layers\.{i}\.blocks\.(\d+)\.") for i in stages]
    tables = [weights[f"layers.{i}.blocks.0.attn.relative_position_bias_table"] for i in stages]
    patch, side = stem.shape[-1], isqrt(places.shape[1])
    backbone = {
        "type": "MixMIMTransformer",
        "arch": {"embed_dims": stem.shape[0], "depths": depths, "num_heads": [t.shape[1] for t in tables]},
        "img_size": side * patch,
        "patch_size": patch,
        "in_channels": stem.shape[1],
        "window_size": [(isqrt(t.shape[0]) + 1) // 2 for t in tables],
        "mlp_ratio": _ratio(weights, "layers.0.blocks.0.ffn.layers.0.0.weight"),
    }
    return Network(backbone, stem.shape[0] * 2 ** (len(depths) - 1), side * patch)


#: A key that a family has -> what reads the rest.
READERS: dict[str, Callable[[Weights], Network | None]] = {
    "blocks.0.mlp.fc1.weight": _hivit,
    "layers.0.blocks.0.attn.relative_position_bias_table": _mixmim,
    "layers.0.attn.qkv.weight": _transformer,
    "downsample_layers.0.0.weight": _convnext,
    "layer1.0.conv1.weight": _resnet,
    "stages.0.blocks.0.attn.w_msa.relative_position_bias_table": _swin,
}
