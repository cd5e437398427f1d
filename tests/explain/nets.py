"""The small classifiers and pictures behind tests/facts/cam.json.gz."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.registry import MODELS

from ..golden.fingerprint import fill


def classifier(
    backbone: dict[str, Any], channels: int, head: str = "LinearClsHead", *, pooled: bool = False
) -> dict[str, Any]:
    neck = None if pooled else {"type": "GlobalAveragePooling"}
    head_cfg = {"type": head, "num_classes": 10, "in_channels": channels}
    return {"type": "ImageClassifier", "backbone": backbone, "neck": neck, "head": head_cfg}


CONVNEXT = {"depths": [1, 1, 3, 1], "channels": [24, 48, 96, 192]}
SWIN = {"embed_dims": 48, "depths": [2, 2, 2, 2], "num_heads": [2, 4, 8, 16]}
DEIT = {"type": "VisionTransformer", "arch": "deit-tiny", "img_size": 96, "patch_size": 16}
NETS = {
    "resnet18": classifier({"type": "ResNet", "depth": 18}, 512),
    "mobilenet_v2": classifier({"type": "MobileNetV2", "widen_factor": 0.5}, 1280),
    "convnext": classifier({"type": "ConvNeXt", "arch": CONVNEXT}, 192, pooled=True),
    "deit_tiny": classifier(DEIT, 192, "VisionTransformerClsHead", pooled=True),
    "deit_tiny_avg": classifier({**DEIT, "out_type": "avg_featmap"}, 192, pooled=True),
    "swin": classifier(
        {
            "type": "SwinTransformer",
            "arch": SWIN,
            "img_size": 96,
            "drop_path_rate": 0.0,
            "window_size": 3,
        },
        384,
    ),
}


def build(name: str) -> nn.Module:
    return filled(MODELS.build(copy.deepcopy(NETS[name])))


def filled(model: nn.Module) -> nn.Module:
    """A model in evaluation mode whose weights are neither trivial nor random."""
    model.eval()
    with torch.no_grad():
        for key, value in model.state_dict().items():
            fill(key, value)
    return model


def picture(h: int, w: int, seed: int) -> Tensor:
    """(1, 3, h, w): 5 x 5 blocks of colour, and noise."""
    rng = np.random.Generator(np.random.PCG64(seed))
    blocks, noise = (rng.random(s, dtype=np.float32) * 2 - 1 for s in ((1, 3, 5, 5), (1, 3, h, w)))
    large = blocks[:, :, np.arange(h) * 5 // h][:, :, :, np.arange(w) * 5 // w]
    return torch.from_numpy(1.5 * large + np.float32(0.5) * noise)


def cells(value: np.ndarray) -> np.ndarray:
    """The 14 x 14 means of a map."""
    return (
        F.adaptive_avg_pool2d(torch.as_tensor(value, dtype=torch.float64)[None, None], 14).flatten().numpy()
    )
