"""TinyViT (`Fast Pretraining Distillation for Small Vision Transformers <https://arxiv.org/abs/2207.10666>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base import BaseModule, ModuleList
from mmpretrain.models.layers import DropPath
from mmpretrain.models.layers.configurable import Act, act_from, configurable, norm_from
from mmpretrain.models.layers.drop import stage_drop_path_rates
from mmpretrain.models.layers.offset_bias import OffsetBiasAttention, attend
from mmpretrain.models.layers.reparam import fuse_conv_norm, fuse_layers
from mmpretrain.models.layers.shape import to_2tuple
from mmpretrain.registry import MODELS


class ConvBN2d(nn.Sequential):
    """A convolution and a batch norm, which :meth:`fuse` makes one.

    Args:
        in_channels: As in ``nn.Conv2d``, like the next four.
        out_channels: Output channels.
        kernel_size: Size of the kernel; the padding keeps the size.
        stride: Step of the kernel.
        groups: Number of groups.
        bn_weight_init: Start value of the weight of the norm.
    """

    conv2d: nn.Conv2d
    bn2d: nn.BatchNorm2d

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 1,
        stride: int = 1,
        groups: int = 1,
        bn_weight_init: float = 1.0,
    ) -> None:
        super().__init__()
        shape: dict[str, Any] = {"padding": kernel_size // 2, "groups": groups, "bias": False}
        self.add_module("conv2d", nn.Conv2d(in_channels, out_channels, kernel_size, stride, **shape))
        self.add_module("bn2d", nn.BatchNorm2d(out_channels))
        nn.init.constant_(self.bn2d.weight, bn_weight_init)

    @torch.no_grad()
    def fuse(self) -> nn.Conv2d:
        """The one convolution that does the same in evaluation mode."""
        weight, bias = fuse_conv_norm(self.conv2d.weight, self.bn2d)
        self.conv2d.weight.data = weight
        self.conv2d.bias = nn.Parameter(bias)
        return self.conv2d


class PatchEmbed(BaseModule):
    """Two convolutions that halve the size.

    Args:
        in_channels: Channels of the image.
        embed_dim: Output channels.
        act: The activation between them.
    """

    def __init__(self, in_channels: int, embed_dim: int, act: Act) -> None:
        super().__init__()
        self.seq = nn.Sequential(
            ConvBN2d(in_channels, embed_dim // 2, 3, stride=2),
            act(),
            ConvBN2d(embed_dim // 2, embed_dim, 3, stride=2),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, C, H / 4, W / 4)."""
        return self.seq(x)


class _Convs(BaseModule):
    """A 1×1, a depth-wise 3×3 and a 1×1 convolution."""

    def __init__(
        self, in_channels: int, mid: int, out_channels: int, stride: int, act: Act, last_weight: float
    ) -> None:
        super().__init__()
        self.conv1 = ConvBN2d(in_channels, mid)
        self.act = act()
        self.conv2 = ConvBN2d(mid, mid, 3, stride, groups=mid)
        self.conv3 = ConvBN2d(mid, out_channels, bn_weight_init=last_weight)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H / stride, W / stride)."""
        return self.conv3(self.act(self.conv2(self.act(self.conv1(x)))))


class PatchMerging(_Convs):
    """Halves the size of a map.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        act: The activation.
    """

    def __init__(self, in_channels: int, out_channels: int, act: Act) -> None:
        super().__init__(in_channels, out_channels, out_channels, 2, act, last_weight=1.0)


class MBConvBlock(_Convs):
    """An inverted residual with an activation at its end.

    Args:
        channels: Channels in and out.
        expand_ratio: How much to widen.
        drop_path: Rate of stochastic depth.
        act: The activation.
    """

    def __init__(self, channels: int, expand_ratio: float, drop_path: float, act: Act) -> None:
        super().__init__(channels, int(channels * expand_ratio), channels, 1, act, last_weight=0.0)
        self.drop_path = DropPath(drop_path) if drop_path > 0 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        return self.act(self.drop_path(super().forward(x)) + x)


class MLP(BaseModule):
    """A norm and two linear layers with an activation.

    Args:
        channels: Channels in and out.
        hidden: Number of hidden channels.
        act: The activation.
        drop: Dropout rate after both layers.
    """

    def __init__(self, channels: int, hidden: int, act: Act, drop: float = 0.0) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.fc1 = nn.Linear(channels, hidden)
        self.fc2 = nn.Linear(hidden, channels)
        self.act = act()
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        """Transform tokens (..., C)."""
        return self.drop(self.fc2(self.drop(self.act(self.fc1(self.norm(x))))))


class WindowAttention(OffsetBiasAttention):
    """Attention with biases by distance, after a norm.

    Args:
        dim: Number of channels C.
        num_heads: Number of heads.
        window_size: Side of a window.
    """

    def __init__(self, dim: int, num_heads: int, window_size: int) -> None:
        super().__init__(num_heads, (window_size, window_size), persistent=False)
        if dim % num_heads:
            raise ArgumentError(f"channels={dim} cannot be divided among num_heads={num_heads}")
        self.head_dim = dim // num_heads
        self.norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Mix the tokens of each window (B, N, C)."""
        qkv = self.qkv(self.norm(x)).unflatten(2, (self.num_heads, -1)).transpose(1, 2)
        q, k, v = qkv.chunk(3, dim=-1)
        return self.proj(attend(q, k, v, self.bias(), self.head_dim**-0.5))


@configurable
class TinyViTBlock(BaseModule):
    """Attention in windows, a depth-wise convolution and a feed-forward network.

    Args:
        channels: Number of channels C.
        num_heads: Number of attention heads.
        window_size: Side of a window.
        mlp_ratio: Width of the feed-forward network, relative to C.
        drop: Dropout rate in the feed-forward network.
        drop_path: Stochastic-depth rate of both branches.
        local_conv_size: Size of the convolution.
        act: The activation.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        window_size: int,
        mlp_ratio: float,
        drop: float,
        drop_path: float,
        local_conv_size: int,
        act: Act,
    ) -> None:
        super().__init__()
        if window_size <= 0:
            raise ArgumentError(f"window_size must be positive, got {window_size}", key="window_size")
        self.window_size = window_size
        self.drop_path = DropPath(drop_path) if drop_path > 0 else nn.Identity()
        self.attn = WindowAttention(channels, num_heads, window_size)
        self.mlp = MLP(channels, int(channels * mlp_ratio), act, drop)
        self.local_conv = ConvBN2d(channels, channels, local_conv_size, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        x = x.permute(0, 2, 3, 1)  # (B, H, W, C)
        x = x + self.drop_path(self.attend_in_windows(x))
        x = self.local_conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return (x + self.drop_path(self.mlp(x))).permute(0, 3, 1, 2)

    def attend_in_windows(self, x: Tensor) -> Tensor:
        """Pad a map (B, H, W, C) to whole windows, and let the tokens of each attend to each other."""
        height, width = x.shape[1:3]
        size = self.window_size
        if (height, width) == (size, size):
            return self.attn(x.flatten(1, 2)).view_as(x)
        below, right = -height % size, -width % size
        if below or right:
            x = F.pad(x, (0, 0, 0, right, 0, below))
        windows = x.unflatten(2, (-1, size)).unflatten(1, (-1, size)).transpose(2, 3)
        mixed = self.attn(windows.flatten(3, 4).flatten(0, 2)).view(windows.shape)
        return mixed.transpose(2, 3).flatten(3, 4).flatten(1, 2)[:, :height, :width]


class Stage(BaseModule):
    """Blocks, and a merging of patches at the end of all stages but the last.

    Args:
        blocks: The blocks.
        downsample: The merging of patches, or None.
    """

    def __init__(self, blocks: Sequence[nn.Module], downsample: nn.Module | None) -> None:
        super().__init__()
        self.blocks = ModuleList(blocks)
        self.downsample = downsample


def _arch(channels: Sequence[int], num_heads: Sequence[int]) -> dict[str, Any]:
    return {"channels": channels, "num_heads": num_heads, "depths": [2, 2, 6, 2]}


@MODELS.register_module()
class TinyViT(BaseBackbone):
    """TinyViT: a stage of inverted residuals, then three with attention in windows.

    From `TinyViT: Fast Pretraining Distillation for Small Vision Transformers
    <https://arxiv.org/abs/2207.10666>`_.

    ==== ================== ============ ==========
    arch channels           num_heads    depths
    ==== ================== ============ ==========
    5m   64, 128, 160, 320  2, 4, 5, 10  2, 2, 6, 2
    11m  64, 128, 256, 448  2, 4, 8, 14  2, 2, 6, 2
    21m  96, 192, 384, 576  3, 6, 12, 18 2, 2, 6, 2
    ==== ================== ============ ==========

    Args:
        arch: A name of the table, or a dict with its columns.
        img_size: The usual size of images; other sizes work too.
        window_size: Side of a window, by stage.
        in_channels: Channels of the image.
        mlp_ratio: Width of the feed-forward networks, relative to the channels.
        drop_rate: Dropout rate in the feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        use_checkpoint: The same as ``with_cp``.
        mbconv_expand_ratio: How much the inverted residuals widen.
        local_conv_size: Size of the convolutions among tokens.
        layer_lr_decay: Without effect; the optimizer's constructor has one.
        out_indices: Stages to output.
        frozen_stages: Freeze that many stages, and the stem with the first; 0 freezes nothing.
        gap_before_final_norm: Output the normalised mean (B, C), not a map.
        act_cfg: Type of activation.
        norm_cfg: Type of norm of the outputs.
        init_cfg: How the weights are initialised.
        norm_eval: Keep batch-norm statistics as they are when training.
        with_cp: Recompute activations in the backward pass to save memory.
        freeze: Freeze the parameters whose name this regular expression finds.
        deploy: Build the deployed form.
    """

    arch_settings: Mapping[str, Mapping[str, Any]] = {
        "5m": _arch([64, 128, 160, 320], [2, 4, 5, 10]),
        "11m": _arch([64, 128, 256, 448], [2, 4, 8, 14]),
        "21m": _arch([96, 192, 384, 576], [3, 6, 12, 18]),
    }
    stages: Any  # a ModuleList of Stages, which a type checker takes for plain modules

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "5m",
        img_size: int | Sequence[int] = (224, 224),
        window_size: Sequence[int] = (7, 7, 14, 7),
        in_channels: int = 3,
        mlp_ratio: float = 4.0,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.1,
        use_checkpoint: bool = False,
        mbconv_expand_ratio: float = 4.0,
        local_conv_size: int = 3,
        layer_lr_decay: float = 1.0,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        gap_before_final_norm: bool = True,
        act_cfg: Mapping[str, Any] = {"type": "GELU"},
        norm_cfg: Mapping[str, Any] = {"type": "LN"},
        init_cfg: dict | list[dict] | None = None,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
        deploy: bool = False,
    ) -> None:
        super().__init__(
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp or use_checkpoint,
            freeze=freeze,
            init_cfg=init_cfg,
        )
        norm, act = norm_from(norm_cfg), act_from(act_cfg)
        settings = self.get_arch(arch)
        self.channels: Sequence[int] = settings["channels"]
        self.depths: Sequence[int] = settings["depths"]
        self.num_stages = len(self.channels)
        self.img_size = to_2tuple(img_size)
        self.layer_lr_decay = layer_lr_decay
        self.gap_before_final_norm = gap_before_final_norm
        self.out_indices = self.take_indices(out_indices, self.num_stages)
        block: dict[str, Any] = {
            "mlp_ratio": mlp_ratio, "drop": drop_rate, "local_conv_size": local_conv_size, "act": act,
        }  # fmt: skip

        self.patch_embed = PatchEmbed(in_channels, self.channels[0], act)
        self.stages = ModuleList()
        for i, rates in enumerate(stage_drop_path_rates(drop_path_rate, self.depths)):
            width, after = self.channels[i], self.channels[min(i + 1, self.num_stages - 1)]
            if i == 0:
                blocks = [MBConvBlock(width, mbconv_expand_ratio, rate, act) for rate in rates]
            else:
                shape = (width, settings["num_heads"][i], window_size[i])
                blocks = [TinyViTBlock(*shape, drop_path=rate, **block) for rate in rates]
            down = PatchMerging(width, after, act) if i < self.num_stages - 1 else None
            self.stages.append(Stage(blocks, down))
            if i in self.out_indices:
                self.add_module(f"norm{i}", norm(after))
        self.deploy = False
        if deploy:
            self.switch_to_deploy()
        self.freeze_declared(__class__)

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """Nothing; the stem with the first stage; each other stage."""
        first, *rest = ([f"stages.{i}", f"norm{i}"] for i in range(self.num_stages))
        return [[], ["patch_embed", *first], *rest]

    def layer_groups(self) -> Sequence[Sequence[str]]:
        """The stem; each stage."""
        return [["patch_embed"], *([f"stages.{i}", f"norm{i}"] for i in range(self.num_stages))]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to means of stages (B, C), or to their maps (B, C, h, w)."""
        x = self.patch_embed(x)
        outs = []
        for i, stage in enumerate(self.stages):
            for block in stage.blocks:
                x = self.run(block, x)
            if stage.downsample is not None:
                x = stage.downsample(x)
            if i in self.out_indices:
                norm = getattr(self, f"norm{i}")
                tokens = x.permute(0, 2, 3, 1)
                if self.gap_before_final_norm:
                    outs.append(norm(tokens.mean((1, 2))))
                else:
                    outs.append(norm(tokens).permute(0, 3, 1, 2))
        return tuple(outs)

    def switch_to_deploy(self) -> None:
        """Fold each batch norm into the convolution before it, for evaluation."""
        fuse_layers(self)
        self.deploy = True
