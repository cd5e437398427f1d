"""The projection of DINO: features to scores of prototypes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.base import BaseModule
from mmpretrain.models.necks.projection import pooled
from mmpretrain.registry import MODELS

TRUNC_NORMAL = {"type": "TruncNormal", "layer": "Linear", "std": 0.02, "bias": 0}


@MODELS.register_module()
class DINONeck(BaseModule):
    """Linear layers, a bottleneck of length 1, and its cosine with each prototype.

    See `DINO <https://arxiv.org/abs/2104.14294>`_; iBOT and DINOv2 use it for patches, too.

    Args:
        in_channels: Number of channels of the features.
        out_channels: Number of prototypes K.
        hid_channels: Number of channels of the hidden layers.
        bottleneck_channels: Number of channels before the prototypes.
        num_layers: Number of linear layers before the prototypes.
        with_bn: Whether the hidden layers have batch norm, as convolutional networks want it.
        with_avg_pool: Whether the features are maps (B, C, H, W), to be averaged first.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int = 65536,
        hid_channels: int = 2048,
        bottleneck_channels: int = 256,
        num_layers: int = 3,
        with_bn: bool = False,
        with_avg_pool: bool = False,
        init_cfg: dict | list[dict] | None = TRUNC_NORMAL,
    ) -> None:
        super().__init__(init_cfg)
        if num_layers < 1:
            raise ArgumentError(f"DINONeck needs at least one layer, got {num_layers}", key="num_layers")
        self.with_avg_pool = with_avg_pool
        widths = [in_channels, *[hid_channels] * (num_layers - 1), bottleneck_channels]
        layers: list[nn.Module] = []
        for i, (before, after) in enumerate(pairwise(widths)):
            layers.append(nn.Linear(before, after))
            if i < num_layers - 1:
                layers += [*([nn.BatchNorm1d(after)] if with_bn else []), nn.GELU()]
        self.mlp = nn.Sequential(*layers)
        self.prototypes = nn.Linear(bottleneck_channels, out_channels, bias=False)

    def forward(self, x: Sequence[Tensor], train_prototypes: bool = True) -> tuple[Tensor]:
        """Score the last stage: (B, in_channels, *) -> (B, K), each score in [-1, 1].

        Args:
            x: Features of the stages.
            train_prototypes: Otherwise the gradient of the prototypes is 0.
        """
        feats = F.normalize(self.mlp(pooled(x[-1], self.with_avg_pool)), dim=-1)
        weight = self.prototypes.weight
        if not train_prototypes:
            # Zero instead of none: DistributedDataParallel waits for every gradient.
            weight = weight.detach() + 0 * weight
        return (F.linear(feats, F.normalize(weight, dim=-1)),)
