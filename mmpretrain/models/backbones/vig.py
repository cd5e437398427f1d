"""Vision GNN: https://arxiv.org/abs/2206.00272."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isqrt
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base.module import ModuleList, Sequential
from mmpretrain.models.layers.configurable import Act, Norm, act_from, norm_from
from mmpretrain.models.layers.drop import DropPath, drop_path_rates
from mmpretrain.models.layers.graph_conv import DyGraphConv2d, relative_grid_distance
from mmpretrain.registry import MODELS


def conv_norm(
    in_channels: int, out_channels: int, norm: Norm, kernel_size: int = 1, stride: int = 1
) -> Sequential:
    """A convolution that keeps the size, but for its stride, and a norm."""
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2)
    return Sequential(conv, norm(out_channels))


def make_stem(widths: Sequence[int], norm: Norm, act: Act) -> Sequential:
    """3x3 convolutions of stride 2 from width to width, and one of stride 1."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [*conv_norm(before, after, norm, 3, 2), act()]
    return Sequential(*layers, *conv_norm(widths[-1], widths[-1], norm, 3))


class Grapher(nn.Module):
    """A graph convolution between 1x1 convolutions, with a residual connection.

    Args:
        in_channels: Number of channels C.
        act: Makes the activation.
        norm: Makes the norm within the graph convolution.
        n: Number of positions of the usual map.
        drop_path: Stochastic-depth rate.
        relative_pos: Let neighbours that are close in the image count as more alike.
        r: Neighbours are positions of a map that is smaller by this factor.
        **graph: Further arguments of :class:`DyGraphConv2d`.
    """

    def __init__(
        self,
        in_channels: int,
        act: Act,
        norm: Norm,
        n: int = 196,
        drop_path: float = 0.0,
        relative_pos: bool = False,
        r: int = 1,
        **graph: Any,
    ) -> None:
        super().__init__()
        self.n, self.r = n, r
        self.fc1 = conv_norm(in_channels, in_channels, nn.BatchNorm2d)
        self.graph_conv = DyGraphConv2d(in_channels, in_channels * 2, act=act, norm=norm, r=r, **graph)
        self.fc2 = conv_norm(in_channels * 2, in_channels, nn.BatchNorm2d)
        self.drop_path = DropPath(drop_path)
        self.relative_pos = None
        if relative_pos:
            alike = relative_grid_distance(isqrt(n), in_channels)[None, None]
            alike = F.interpolate(alike, size=(n, n // (r * r)), mode="bicubic")
            self.relative_pos = nn.Parameter(-alike.squeeze(1), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Transform a map (B, C, H, W)."""
        distances = self.relative_pos
        count = x.shape[2] * x.shape[3]
        if distances is not None and count != self.n:
            reduced = (x.shape[2] // self.r) * (x.shape[3] // self.r)
            distances = F.interpolate(distances.unsqueeze(0), size=(count, reduced), mode="bicubic").squeeze(
                0
            )
        return x + self.drop_path(self.fc2(self.graph_conv(self.fc1(x), distances)))


class ConvFFN(nn.Module):
    """A feed-forward network of 1x1 convolutions, with a residual connection.

    Args:
        in_features: Number of channels C.
        hidden_features: Number of hidden channels.
        act: Makes the activation.
        drop_path: Stochastic-depth rate.
    """

    def __init__(self, in_features: int, hidden_features: int, act: Act, drop_path: float = 0.0) -> None:
        super().__init__()
        self.fc1 = conv_norm(in_features, hidden_features, nn.BatchNorm2d)
        self.act = act()
        self.fc2 = conv_norm(hidden_features, in_features, nn.BatchNorm2d)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """Transform a map (B, C, H, W)."""
        return x + self.drop_path(self.fc2(self.act(self.fc1(x))))


class GraphBackbone(BaseBackbone):
    """What both forms of Vision GNN share: a stem, and position embeddings that fit any size of images."""

    pos_embed: nn.Parameter
    stem: nn.Module

    def embed(self, x: Tensor) -> Tensor:
        """Make a map (B, C, h, w) of images."""
        x = self.stem(x)
        hw = (x.shape[2], x.shape[3])
        if hw == (self.pos_embed.shape[2], self.pos_embed.shape[3]):
            return x + self.pos_embed
        return x + F.interpolate(self.pos_embed, size=hw, mode="bicubic")


@MODELS.register_module()
class Vig(GraphBackbone):
    """Vision GNN of one scale (`An Image is Worth Graph of Nodes <https://arxiv.org/abs/2206.00272>`_).

    ===== ========== ========
    arch  num_blocks channels
    ===== ========== ========
    tiny  12         192
    small 16         320
    base  16         640
    ===== ========== ========

    Args:
        arch: A name in ``arch_settings``, or a dict with its columns.
        in_channels: Number of channels of an image.
        k: Number of neighbours at the first block; it doubles up to the last.
        out_indices: Blocks whose map (B, C, H / 16, W / 16) is returned; negative ones count from the end.
        act_cfg: The activation.
        norm_cfg: The normalisation of the stem and the graph convolutions.
        graph_conv_bias: Give graph convolutions a bias.
        graph_conv_type: ``'edge'``, ``'mr'``, ``'sage'`` or ``'gin'``.
        epsilon: How often neighbours are chosen at random, with ``use_stochastic``.
        use_dilation: Skip more and more of the nearest neighbours.
        use_stochastic: In training, choose neighbours at random at times.
        drop_path: Stochastic-depth rate of the last block; it grows from 0 at the first.
        relative_pos: Let neighbours that are close in the image count as more alike.
        frozen_stages: Freeze that many blocks, and the stem before them; 0 freezes nothing.
        init_cfg: How the weights are initialised.
        norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = {
        "tiny": {"num_blocks": 12, "channels": 192},
        "small": {"num_blocks": 16, "channels": 320},
        "base": {"num_blocks": 16, "channels": 640},
    }

    def __init__(
        self,
        arch: str | Mapping[str, int],
        in_channels: int = 3,
        k: int = 9,
        out_indices: int | Sequence[int] = -1,
        act_cfg: Mapping[str, Any] = {"type": "GELU"},
        norm_cfg: Mapping[str, Any] = {"type": "BN"},
        graph_conv_bias: bool = True,
        graph_conv_type: str = "mr",
        epsilon: float = 0.2,
        use_dilation: bool = True,
        use_stochastic: bool = False,
        drop_path: float = 0.0,
        relative_pos: bool = False,
        norm_eval: bool = False,
        frozen_stages: int = 0,
        init_cfg: dict | list[dict] | None = None,
        *,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        settings = self.get_arch(arch)
        channels: int = settings["channels"]
        self.num_blocks: int = settings["num_blocks"]
        self.out_indices = self.take_indices(out_indices, self.num_blocks)
        act, norm = act_from(act_cfg), norm_from(norm_cfg)
        widths = [in_channels, channels // 8, channels // 4, channels // 2, channels]
        self.stem = make_stem(widths, norm, act)
        self.pos_embed = nn.Parameter(torch.zeros(1, channels, 14, 14))
        neighbours = [
            int(count) for count in torch.linspace(k, 2 * k, self.num_blocks, device="cpu").tolist()
        ]
        most = 196 // max(neighbours)
        graph: dict[str, Any] = {"graph_conv_bias": graph_conv_bias, "graph_conv_type": graph_conv_type}
        graph |= {"epsilon": epsilon, "use_stochastic": use_stochastic, "relative_pos": relative_pos}
        self.blocks = ModuleList()
        for i, rate in enumerate(drop_path_rates(drop_path, self.num_blocks)):
            own = {"k": neighbours[i], "dilation": min(i // 4 + 1, most) if use_dilation else 1}
            grapher = Grapher(channels, act, norm, drop_path=rate, **own, **graph)
            self.blocks.append(Sequential(grapher, ConvFFN(channels, channels * 4, act, rate)))
        self.freeze_declared(__class__)

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """Nothing; the stem with the first block; each other block."""
        stem, *blocks = self.layer_groups()
        return [[], [*stem, *blocks[0]], *blocks[1:]]

    def layer_groups(self) -> Sequence[Sequence[str]]:
        """The stem, then each block."""
        return [["stem", "pos_embed"], *([f"blocks.{i}"] for i in range(self.num_blocks))]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of the blocks in ``out_indices`` for images (B, 3, H, W)."""
        x = self.embed(x)
        outs = []
        for i, block in enumerate(self.blocks):
            x = self.run(block, x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)


@MODELS.register_module()
class PyramidVig(GraphBackbone):
    """Vision GNN of four scales (`An Image is Worth Graph of Nodes <https://arxiv.org/abs/2206.00272>`_).

    ====== =========== ===================
    arch   blocks      channels
    ====== =========== ===================
    tiny   2, 2, 6, 2  48, 96, 240, 384
    small  2, 2, 6, 2  80, 160, 400, 640
    medium 2, 2, 16, 2 96, 192, 384, 768
    base   2, 2, 18, 2 128, 256, 512, 1024
    ====== =========== ===================

    Args:
        arch: A name in ``arch_settings``, or a dict with its columns.
        in_channels: Number of channels of an image.
        k: Number of neighbours.
        out_indices: Stages whose map (B, C, h, w) is returned; negative indices count from the end.
        act_cfg: The activation.
        norm_cfg: The normalisation of the stem and the graph convolutions.
        graph_conv_bias: Give graph convolutions a bias.
        graph_conv_type: ``'edge'``, ``'mr'``, ``'sage'`` or ``'gin'``.
        epsilon: How often neighbours are chosen at random, with ``use_stochastic``.
        use_stochastic: In training, choose neighbours at random at times.
        drop_path: Stochastic-depth rate of the last block; it grows from 0 at the first.
        frozen_stages: Freeze that many stages, and the stem before them; 0 freezes nothing.
        init_cfg: How the weights are initialised.
        norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = {
        "tiny": {"blocks": [2, 2, 6, 2], "channels": [48, 96, 240, 384]},
        "small": {"blocks": [2, 2, 6, 2], "channels": [80, 160, 400, 640]},
        "medium": {"blocks": [2, 2, 16, 2], "channels": [96, 192, 384, 768]},
        "base": {"blocks": [2, 2, 18, 2], "channels": [128, 256, 512, 1024]},
    }
    #: By how much the map is reduced in which each stage looks for neighbours.
    reductions = (4, 2, 1, 1)
    #: Side of the map of the first stage for the usual image, 224 x 224.
    usual_size = 56

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[int]],
        in_channels: int = 3,
        k: int = 9,
        out_indices: int | Sequence[int] = -1,
        act_cfg: Mapping[str, Any] = {"type": "GELU"},
        norm_cfg: Mapping[str, Any] = {"type": "BN"},
        graph_conv_bias: bool = True,
        graph_conv_type: str = "mr",
        epsilon: float = 0.2,
        use_stochastic: bool = False,
        drop_path: float = 0.0,
        norm_eval: bool = False,
        frozen_stages: int = 0,
        init_cfg: dict | list[dict] | None = None,
        *,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        settings = self.get_arch(arch)
        channels, depths = settings["channels"], settings["blocks"]
        self.channels = channels
        self.stage_names = tuple(f"stages.{i}" for i in range(len(depths)))
        self.out_indices = self.take_indices(out_indices, len(depths))
        act, norm = act_from(act_cfg), norm_from(norm_cfg)
        self.stem = make_stem([in_channels, channels[0] // 2, channels[0]], norm, act)
        self.pos_embed = nn.Parameter(torch.zeros(1, channels[0], self.usual_size, self.usual_size))
        graph: dict[str, Any] = {"graph_conv_bias": graph_conv_bias, "graph_conv_type": graph_conv_type}
        graph |= {"epsilon": epsilon, "use_stochastic": use_stochastic, "relative_pos": True, "k": k}
        rates = enumerate(drop_path_rates(drop_path, sum(depths)))
        self.stages = ModuleList()
        for stage, (width, depth) in enumerate(zip(channels, depths)):
            own = {"n": (self.usual_size // 2**stage) ** 2, "r": self.reductions[stage], **graph}
            blocks = [conv_norm(channels[stage - 1], width, norm, 3, 2)] if stage else []
            for _ in range(depth):
                number, rate = next(rates)
                grapher = Grapher(
                    width, act, norm, drop_path=rate, dilation=min(number // 4 + 1, 49 // k), **own
                )
                blocks.append(Sequential(grapher, ConvFFN(width, width * 4, act, rate)))
            self.stages.append(Sequential(*blocks))
        self.freeze_declared(__class__)

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """Nothing; the stem with the first stage; each other stage."""
        stem, *stages = self.layer_groups()
        return [[], [*stem, *stages[0]], *stages[1:]]

    def layer_groups(self) -> Sequence[Sequence[str]]:
        """The stem, then each stage."""
        return [["stem", "pos_embed"], *([name] for name in self.stage_names)]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of the stages in ``out_indices`` for images (B, 3, H, W)."""
        return self.forward_stages(self.embed(x), self.stage_names)
