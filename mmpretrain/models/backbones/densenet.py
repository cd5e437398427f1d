"""DenseNet (`Densely Connected Convolutional Networks <https://arxiv.org/abs/1608.06993>`_)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.layers.configurable import Act, Norm, act_from, configurable, norm_from
from mmpretrain.registry import MODELS


@configurable
class DenseLayer(nn.Module):
    """Makes a few new channels of all channels before it.

    Args:
        in_channels: Channels of all features before it.
        growth_rate: New channels.
        bn_size: Channels in the middle, over ``growth_rate``.
        norm: Type of norm.
        act: Type of activation.
        drop_rate: Dropout of the new channels.
        memory_efficient: Recompute the concatenation in the backward pass.
    """

    def __init__(
        self,
        in_channels: int,
        growth_rate: int,
        bn_size: int,
        norm: Norm,
        act: Act,
        drop_rate: float = 0.0,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        mid = bn_size * growth_rate
        self.norm1 = norm(in_channels)
        self.conv1 = nn.Conv2d(in_channels, mid, 1, bias=False)
        self.act = act()
        self.norm2 = norm(mid)
        self.conv2 = nn.Conv2d(mid, growth_rate, 3, padding=1, bias=False)
        self.drop = nn.Dropout(drop_rate)
        self.memory_efficient = memory_efficient

    def squeeze(self, *features: Tensor) -> Tensor:
        """Concatenate features (B, C_i, H, W) and reduce them to (B, mid, H, W)."""
        return self.conv1(self.act(self.norm1(torch.cat(features, 1))))

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Features (B, C_i, H, W) to new ones (B, growth_rate, H, W)."""
        if self.memory_efficient and self.training:
            squeezed: Any = checkpoint(self.squeeze, *features, use_reentrant=False)
        else:
            squeezed = self.squeeze(*features)
        return self.drop(self.conv2(self.act(self.norm2(squeezed))))


class DenseBlock(nn.Module):
    """Layers of which each sees the features of all before it.

    Args:
        num_layers: How many.
        in_channels: Input channels.
        growth_rate: Channels that each layer adds.
        **options: Other arguments of :class:`DenseLayer`.
    """

    def __init__(self, num_layers: int, in_channels: int, growth_rate: int, **options: Any) -> None:
        super().__init__()
        self.block = nn.ModuleList(
            DenseLayer(in_channels + i * growth_rate, growth_rate, **options) for i in range(num_layers)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C + num_layers * growth_rate, H, W)."""
        features = [x]
        for layer in self.block:
            features.append(layer(features))
        return torch.cat(features, 1)


@MODELS.register_module()
class DenseNet(BaseBackbone):
    """DenseNet: a stem and dense blocks, with transitions that halve channels and size.

    From `Densely Connected Convolutional Networks <https://arxiv.org/abs/1608.06993>`_.

    ==== =========== ============= ==============
    arch growth_rate depths        init_channels
    ==== =========== ============= ==============
    121  32          6, 12, 24, 16 64
    169  32          6, 12, 32, 32 64
    201  32          6, 12, 48, 32 64
    161  48          6, 12, 36, 24 96
    ==== =========== ============= ==============

    Args:
        arch: A name of the table, or a dict with its columns.
        in_channels: Channels of the image.
        bn_size: Channels in the middle of a layer, over the growth rate.
        drop_rate: Dropout of each layer.
        compression_factor: Channels that a transition keeps.
        memory_efficient: Recompute concatenations in the backward pass.
        norm_cfg: Type of norm.
        act_cfg: Type of activation.
        out_indices: Stages to output, after their transition.
        frozen_stages: Freeze that many stages, and the stem before them; 0 freezes nothing.
        init_cfg: How the weights are initialised.
        norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings: Mapping[str, Mapping[str, Any]] = {
        "121": {"growth_rate": 32, "depths": (6, 12, 24, 16), "init_channels": 64},
        "169": {"growth_rate": 32, "depths": (6, 12, 32, 32), "init_channels": 64},
        "201": {"growth_rate": 32, "depths": (6, 12, 48, 32), "init_channels": 64},
        "161": {"growth_rate": 48, "depths": (6, 12, 36, 24), "init_channels": 96},
    }

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "121",
        in_channels: int = 3,
        bn_size: int = 4,
        drop_rate: float = 0,
        compression_factor: float = 0.5,
        memory_efficient: bool = False,
        norm_cfg: dict = {"type": "BN"},  # noqa: B006
        act_cfg: dict = {"type": "ReLU"},  # noqa: B006
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        init_cfg: dict | list[dict] | None = None,
        *,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, act = norm_from(norm_cfg), act_from(act_cfg)
        settings = self.get_arch(arch)
        growth, depths, channels = settings["growth_rate"], settings["depths"], settings["init_channels"]
        self.out_indices = self.take_indices(out_indices, len(depths))
        cfgs = {"norm": norm, "act": act}
        options = {"bn_size": bn_size, "drop_rate": drop_rate, "memory_efficient": memory_efficient, **cfgs}
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, channels, 7, stride=2, padding=3, bias=False),
            norm(channels),
            act(),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        self.stages, self.transitions = nn.ModuleList(), nn.ModuleList()
        for i, depth in enumerate(depths):
            self.stages.append(DenseBlock(depth, channels, growth, **options))
            channels += depth * growth
            transition = nn.Sequential()
            last = i == len(depths) - 1
            transition.add_module("0" if last else "norm", norm(channels))
            transition.add_module("1" if last else "act", act())
            if not last:
                kept = math.floor(channels * compression_factor)
                transition.add_module("conv", nn.Conv2d(channels, kept, 1, bias=False))
                transition.add_module("pool", nn.AvgPool2d(2))
                channels = kept
            self.transitions.append(transition)
        self.freeze_declared(__class__)

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """Nothing; the stem with the first stage; each other stage."""
        groups = [[f"stages.{i}", f"transitions.{i}"] for i in range(len(self.stages))]
        return [[], ["stem", *groups[0]], *groups[1:]]

    def layer_groups(self) -> Sequence[Sequence[str]]:
        return [["stem"], *([f"stages.{i}", f"transitions.{i}"] for i in range(len(self.stages)))]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to stages, the last of shape (B, C, H / 32, W / 32)."""
        x = self.stem(x)
        outs = []
        for i, (stage, transition) in enumerate(zip(self.stages, self.transitions)):
            x = transition(self.run(stage, x))
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)
