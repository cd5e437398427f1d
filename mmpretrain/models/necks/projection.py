"""Projections of contrastive and other self-supervised methods."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.models.base import BaseModule
from mmpretrain.models.layers import make_norm
from mmpretrain.registry import MODELS

SYNC_BN = {"type": "SyncBN"}
ONES_IN_NORMS = [{"type": "Constant", "val": 1, "layer": ["_BatchNorm", "GroupNorm"]}]


def mlp(in_channels: int, hid_channels: int, out_channels: int) -> nn.Sequential:
    """Two linear layers with a ReLU between them."""
    return nn.Sequential(
        nn.Linear(in_channels, hid_channels), nn.ReLU(inplace=True), nn.Linear(hid_channels, out_channels)
    )


@MODELS.register_module()
class NonLinearNeck(BaseModule):
    """Linear layers, each with batch norm, and a ReLU between them; for SimCLR, BYOL, SimSiam, MoCo v3.

    Args:
        in_channels: Number of channels of the features.
        hid_channels: Number of channels of the hidden layers.
        out_channels: Number of channels of the output.
        num_layers: Number of linear layers.
        with_bias: Whether the linear layers but the last have a bias.
        with_last_bn: Whether the last layer has batch norm.
        with_last_bn_affine: Whether that has learnable parameters.
        with_last_bias: Whether the last linear layer has a bias.
        with_avg_pool: Whether the features are maps (B, C, H, W), to be averaged first.
        norm_cfg: The norm.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_channels: int,
        hid_channels: int,
        out_channels: int,
        num_layers: int = 2,
        with_bias: bool = False,
        with_last_bn: bool = True,
        with_last_bn_affine: bool = True,
        with_last_bias: bool = False,
        with_avg_pool: bool = True,
        norm_cfg: dict = SYNC_BN,
        init_cfg: dict | list[dict] | None = ONES_IN_NORMS,
    ) -> None:
        super().__init__(init_cfg)
        self.with_avg_pool = with_avg_pool
        self.num_layers = num_layers
        # The first layer always goes to the hidden width, even if it is the only one.
        widths = [in_channels, *[hid_channels] * max(num_layers - 1, 1), *[out_channels] * (num_layers > 1)]
        for i, (before, after) in enumerate(pairwise(widths)):
            last = 0 < i == num_layers - 1
            self.add_module(f"fc{i}", nn.Linear(before, after, bias=with_last_bias if last else with_bias))
            if not last:
                self.add_module(f"bn{i}", make_norm(norm_cfg, after))
            elif with_last_bn:
                self.add_module(f"bn{i}", make_norm({**norm_cfg, "affine": with_last_bn_affine}, after))

    def forward(self, x: Sequence[Tensor]) -> tuple[Tensor]:
        """Project the features of one stage: (B, in_channels, *) -> (B, out_channels)."""
        out = pooled(x[0], self.with_avg_pool)
        for i in range(self.num_layers):
            out = self.get_submodule(f"fc{i}")(F.relu(out) if i else out)
            if hasattr(self, f"bn{i}"):
                out = self.get_submodule(f"bn{i}")(out)
        return (out,)


def pooled(x: Tensor, average: bool) -> Tensor:
    """Return vectors (B, C') of features (B, C, *): averaged over positions, or flattened."""
    return (F.adaptive_avg_pool2d(x, 1) if average else x).flatten(1)


@MODELS.register_module()
class MoCoV2Neck(BaseModule):
    """Two linear layers (`MoCo v2 <https://arxiv.org/abs/2003.04297>`_).

    Args:
        in_channels: Number of channels of the features.
        hid_channels: Number of channels of the hidden layer.
        out_channels: Number of channels of the output.
        with_avg_pool: Whether the features are maps (B, C, H, W), to be averaged first.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_channels: int,
        hid_channels: int,
        out_channels: int,
        with_avg_pool: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.with_avg_pool = with_avg_pool
        self.mlp = mlp(in_channels, hid_channels, out_channels)

    def forward(self, x: Sequence[Tensor]) -> tuple[Tensor]:
        """Project the features of one stage: (B, in_channels, *) -> (B, out_channels)."""
        return (self.mlp(pooled(x[0], self.with_avg_pool)),)


@MODELS.register_module()
class SwAVNeck(BaseModule):
    """Two linear layers with batch norm between them, for crops of several sizes.

    See `SwAV <https://arxiv.org/abs/2006.09882>`_.

    Args:
        in_channels: Number of channels of the features.
        hid_channels: Number of channels of the hidden layer; 0 for a single layer.
        out_channels: Number of channels of the output; 0 for no layer at all.
        with_avg_pool: Whether the features are maps (B, C, H, W), to be averaged first.
        with_l2norm: Whether the output is scaled to length 1.
        norm_cfg: The norm.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_channels: int,
        hid_channels: int,
        out_channels: int,
        with_avg_pool: bool = True,
        with_l2norm: bool = True,
        norm_cfg: dict = SYNC_BN,
        init_cfg: dict | list[dict] | None = ONES_IN_NORMS,
    ) -> None:
        super().__init__(init_cfg)
        self.with_avg_pool = with_avg_pool
        self.with_l2norm = with_l2norm
        self.projection_neck: nn.Module
        if not out_channels:
            self.projection_neck = nn.Identity()
        elif not hid_channels:
            self.projection_neck = nn.Linear(in_channels, out_channels)
        else:
            # Checkpoints have the norm under both names.
            self.norm = make_norm(norm_cfg, hid_channels)
            first, relu, second = mlp(in_channels, hid_channels, out_channels)
            self.projection_neck = nn.Sequential(first, self.norm, relu, second)

    def forward(self, x: Sequence[Sequence[Tensor]]) -> Tensor:
        """Project the features of several crops of a batch, one crop after the other.

        Args:
            x: For each crop, the features of one stage, (B, in_channels, *).

        Returns:
            (number of crops * B, out_channels).
        """
        out = self.projection_neck(torch.cat([pooled(crop[0], self.with_avg_pool) for crop in x]))
        return F.normalize(out, dim=1) if self.with_l2norm else out


@MODELS.register_module()
class DenseCLNeck(BaseModule):
    """A projection of the whole image, and one of each position (`DenseCL <https://arxiv.org/abs/2011.09157>`_).

    Args:
        in_channels: Number of channels of the features.
        hid_channels: Number of channels of the hidden layers.
        out_channels: Number of channels of the outputs.
        num_grid: Average the feature map to so many rows and columns first.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_channels: int,
        hid_channels: int,
        out_channels: int,
        num_grid: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.mlp = mlp(in_channels, hid_channels, out_channels)
        self.pool = nn.Identity() if num_grid is None else nn.AdaptiveAvgPool2d(num_grid)
        self.mlp2 = nn.Sequential(
            nn.Conv2d(in_channels, hid_channels, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hid_channels, out_channels, 1),
        )

    def forward(self, x: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Project a feature map (B, in_channels, H, W), S = H * W.

        Returns:
            Vectors of the image (B, D), vectors of the positions (B, D, S), and the mean of those (B, D).
        """
        dense = self.mlp2(self.pool(x[0]))
        return self.mlp(pooled(x[0], True)), dense.flatten(2), pooled(dense, True)
