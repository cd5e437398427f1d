"""What the tests of transformers share."""

from __future__ import annotations

from torch import nn

from mmpretrain.models.backbones import (
    SwinTransformer,
    VisionTransformer,
)

PLAIN = {"embed_dims": 32, "num_layers": 3, "num_heads": 2, "feedforward_channels": 64}

STAGES = {"embed_dims": 16, "depths": [2, 2], "num_heads": [1, 2]}


def vit(cls: type = VisionTransformer, **kwargs):
    return cls(**{"arch": PLAIN, "img_size": 32, "patch_size": 8, **kwargs}).eval()


def swin(**kwargs):
    options = {"arch": STAGES, "img_size": 64, "window_size": 4, "out_indices": -1}
    return SwinTransformer(**{**options, **kwargs}).eval()


def trainable(model: nn.Module) -> set[str]:
    """First part, or two where the first is a list, of the names of parameters that are not frozen."""
    return {
        ".".join(name.split(".")[: 2 if name.startswith(("layers", "stages", "downsample")) else 1])
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


MIXER = {"arch": {"embed_dims": 32, "num_layers": 2, "tokens_mlp_dims": 16, "channels_mlp_dims": 64}}
