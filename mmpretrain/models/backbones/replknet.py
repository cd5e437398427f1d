"""RepLKNet (`Scaling Up Your Kernels to 31x31 <https://arxiv.org/abs/2203.06717>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import KAIMING_INIT, BaseBackbone
from mmpretrain.models.base import BaseModule
from mmpretrain.models.layers import DropPath
from mmpretrain.models.layers.configurable import Act, act_from, configurable, conv_from, norm_from
from mmpretrain.models.layers.drop import stage_drop_path_rates
from mmpretrain.models.layers.reparam import fuse_conv_norm, pad_kernel
from mmpretrain.registry import MODELS


def conv_bn(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    parts: Mapping[str, Any],
    stride: int = 1,
    groups: int = 1,
    activate: bool = False,
) -> nn.Sequential:
    """A convolution that keeps the size, a norm and perhaps a ReLU.

    Args:
        in_channels: As in ``nn.Conv2d``, like the next two.
        out_channels: Output channels.
        kernel_size: Size of the kernel.
        parts: ``conv`` and ``norm``.
        stride: As in ``nn.Conv2d``, like the next.
        groups: Number of groups.
        activate: Add the ReLU.
    """
    layers = nn.Sequential()
    shape: dict[str, Any] = {"stride": stride, "padding": kernel_size // 2, "groups": groups, "bias": False}
    layers.add_module("conv", parts["conv"](in_channels, out_channels, kernel_size, **shape))
    layers.add_module("bn", parts["norm"](out_channels))
    if activate:
        layers.add_module("nonlinear", nn.ReLU())
    return layers


class ReparamLargeKernelConv(BaseModule):
    """A depth-wise convolution with a large kernel in parallel with one with a small kernel, or both merged.

    Args:
        channels: Channels in and out.
        kernel_size: Size of the large kernel.
        small_kernel: Size of the small kernel; None for none.
        small_kernel_merged: Build the merged form.
        parts: ``conv`` and ``norm``.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int,
        small_kernel: int | None,
        small_kernel_merged: bool,
        parts: Mapping[str, Any],
    ) -> None:
        super().__init__()
        if small_kernel is not None and small_kernel > kernel_size:
            raise ArgumentError(f"small_kernel={small_kernel} is larger than the large kernel, {kernel_size}")
        self.channels, self.kernel_size, self.make_conv = channels, kernel_size, parts["conv"]
        self.small_kernel_merged = small_kernel_merged
        if small_kernel_merged:
            self.lkb_reparam = self.merged_conv()
        else:
            self.lkb_origin: Any = conv_bn(channels, channels, kernel_size, parts, groups=channels)
            self.small_conv: Any = None
            if small_kernel is not None:
                self.small_conv = conv_bn(channels, channels, small_kernel, parts, groups=channels)

    def merged_conv(self) -> nn.Module:
        """The one convolution of the merged form."""
        shape = {"padding": self.kernel_size // 2, "groups": self.channels, "bias": True}
        return self.make_conv(self.channels, self.channels, self.kernel_size, **shape)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        if self.small_kernel_merged:
            return self.lkb_reparam(x)
        out = self.lkb_origin(x)
        return out if self.small_conv is None else out + self.small_conv(x)

    @torch.no_grad()
    def merge_kernel(self) -> None:
        """Merge both convolutions and their norms to one convolution, for evaluation."""
        if self.small_kernel_merged:
            return
        branches = [b for b in (self.lkb_origin, self.small_conv) if b is not None]
        if not all(isinstance(branch.bn, nn.modules.batchnorm._BatchNorm) for branch in branches):
            raise ArgumentError("Only batch norms can be folded into convolutions", key="norm_cfg")
        folded = [fuse_conv_norm(b.conv.weight, b.bn) for b in branches]
        kernel = torch.stack([pad_kernel(kernel, self.kernel_size) for kernel, _ in folded]).sum(0)
        conv: Any = self.merged_conv().to(kernel)
        conv.weight.data, conv.bias.data = kernel, torch.stack([bias for _, bias in folded]).sum(0)
        self.lkb_reparam = conv
        del self.lkb_origin, self.small_conv
        self.small_kernel_merged = True


class ConvFFN(BaseModule):
    """A norm and two 1×1 convolutions with an activation.

    Args:
        channels: Channels in and out.
        hidden: Channels in the middle.
        drop_path: Rate of stochastic depth.
        parts: ``conv`` and ``norm``.
    """

    def __init__(self, channels: int, hidden: int, drop_path: float, parts: Mapping[str, Any]) -> None:
        super().__init__()
        self.drop_path = DropPath(drop_path) if drop_path > 0 else nn.Identity()
        self.preffn_bn = parts["norm"](channels)
        self.pw1 = conv_bn(channels, hidden, 1, parts)
        self.pw2 = conv_bn(hidden, channels, 1, parts)
        self.nonlinear = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        return x + self.drop_path(self.pw2(self.nonlinear(self.pw1(self.preffn_bn(x)))))


@configurable
class RepLKBlock(BaseModule):
    """A large depth-wise convolution between two of 1×1.

    Args:
        channels: Channels in and out.
        mid_channels: Channels of the large convolution.
        kernel_size: Its size.
        small_kernel: Size of the parallel small kernel; None for none.
        drop_path: Rate of stochastic depth.
        small_kernel_merged: Build the merged form.
        parts: ``conv`` and ``norm``.
        act: The activation after the large convolution.
    """

    def __init__(
        self,
        channels: int,
        mid_channels: int,
        kernel_size: int,
        small_kernel: int | None,
        drop_path: float,
        small_kernel_merged: bool,
        parts: Mapping[str, Any],
        act: Act,
    ) -> None:
        super().__init__()
        self.pw1 = conv_bn(channels, mid_channels, 1, parts, activate=True)
        self.pw2 = conv_bn(mid_channels, channels, 1, parts)
        self.large_kernel = ReparamLargeKernelConv(
            mid_channels, kernel_size, small_kernel, small_kernel_merged, parts
        )
        self.lk_nonlinear = act()
        self.prelkb_bn = parts["norm"](channels)
        self.drop_path = DropPath(drop_path) if drop_path > 0 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        out = self.large_kernel(self.pw1(self.prelkb_bn(x)))
        return x + self.drop_path(self.pw2(self.lk_nonlinear(out)))


class RepLKNetStage(BaseModule):
    """Blocks with large kernels and feed-forward networks in turn, and the norm of the output.

    Args:
        blocks: The blocks.
        norm: The norm, or an identity.
    """

    def __init__(self, blocks: Sequence[nn.Module], norm: nn.Module) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.norm = norm


def _arch(
    large_kernel_sizes: Sequence[int], width: int, small_kernel: int | None, dw_ratio: float
) -> dict[str, Any]:
    return {
        "large_kernel_sizes": large_kernel_sizes,
        "layers": (2, 2, 18, 2),
        "channels": tuple(width * 2**i for i in range(4)),
        "small_kernel": small_kernel,
        "dw_ratio": dw_ratio,
    }


@MODELS.register_module()
class RepLKNet(BaseBackbone):
    """RepLKNet: depth-wise convolutions with kernels of up to 31×31.

    From `Scaling Up Your Kernels to 31x31: Revisiting Large Kernel Design in CNNs
    <https://arxiv.org/abs/2203.06717>`_.

    ==== ================== ==================== ============ ========
    arch large_kernel_sizes channels             small_kernel dw_ratio
    ==== ================== ==================== ============ ========
    31B  31, 29, 27, 13     128, 256, 512, 1024  5            1
    31L  31, 29, 27, 13     192, 384, 768, 1536  5            1
    XL   27, 27, 27, 13     256, 512, 1024, 2048 None         1.5
    ==== ================== ==================== ============ ========

    Args:
        arch: A name of the table, or a dict with its columns and ``layers``: the blocks of each stage.
        in_channels: Channels of the image.
        ffn_ratio: Width of the feed-forward networks, relative to the channels.
        out_indices: Stages to output; their maps are normalised.
        strides: Without effect; each stage but the first halves the size.
        dilations: Without effect.
        frozen_stages: Freeze the stem (0) and the stages up to this one; -1 freezes nothing.
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm.
        act_cfg: Type of activation after the large convolutions.
        with_cp: Recompute activations in the backward pass to save memory.
        drop_path_rate: Rate of stochastic depth of the last block; it rises from 0 over the blocks.
        small_kernel_merged: Build the deployed form.
        norm_intermediate_features: Without effect; all outputs are normalised.
        norm_eval: Keep batch-norm statistics as they are when training.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    arch_settings: Mapping[str, Mapping[str, Any]] = {
        "31B": _arch((31, 29, 27, 13), 128, 5, 1),
        "31L": _arch((31, 29, 27, 13), 192, 5, 1),
        "XL": _arch((27, 27, 27, 13), 256, None, 1.5),
    }
    stages: Any  # a ModuleList, whose items have no attributes in the eyes of a type checker

    def __init__(
        self,
        arch: str | Mapping[str, Any],
        in_channels: int = 3,
        ffn_ratio: float = 4,
        out_indices: int | Sequence[int] = (3,),
        strides: Sequence[int] = (2, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = {"type": "BN"},  # noqa: B006
        act_cfg: dict = {"type": "ReLU"},  # noqa: B006
        with_cp: bool = False,
        drop_path_rate: float = 0.3,
        small_kernel_merged: bool = False,
        norm_intermediate_features: bool = False,
        norm_eval: bool = False,
        init_cfg: dict | list[dict] | None = KAIMING_INIT,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, act, conv = norm_from(norm_cfg), act_from(act_cfg), conv_from(conv_cfg)
        self.arch = self.get_arch(arch)
        channels: Sequence[int] = self.arch["channels"]
        depths: Sequence[int] = self.arch["layers"]
        self.num_stages = len(depths)
        self.out_indices = self.take_indices(out_indices, self.num_stages)
        self.small_kernel_merged = small_kernel_merged
        parts = {"conv": conv, "norm": norm}
        width = channels[0]
        self.stem = nn.ModuleList(
            [
                conv_bn(in_channels, width, 3, parts, stride=2, activate=True),
                conv_bn(width, width, 3, parts, groups=width, activate=True),
                conv_bn(width, width, 1, parts, activate=True),
                conv_bn(width, width, 3, parts, stride=2, groups=width, activate=True),
            ]
        )
        self.stages, self.transitions = nn.ModuleList(), nn.ModuleList()
        for i, rates in enumerate(stage_drop_path_rates(drop_path_rate, depths)):
            width = channels[i]
            large = {
                "mid_channels": int(width * self.arch["dw_ratio"]),
                "kernel_size": self.arch["large_kernel_sizes"][i],
                "small_kernel": self.arch["small_kernel"],
                "small_kernel_merged": small_kernel_merged,
            }
            blocks: list[nn.Module] = []
            for rate in rates:
                blocks.append(RepLKBlock(width, drop_path=rate, parts=parts, act=act, **large))
                blocks.append(ConvFFN(width, int(width * ffn_ratio), rate, parts))
            out_norm = norm(width) if i in self.out_indices else nn.Identity()
            self.stages.append(RepLKNetStage(blocks, out_norm))
            if i < self.num_stages - 1:
                after = channels[i + 1]
                self.transitions.append(
                    nn.Sequential(
                        conv_bn(width, after, 1, parts, activate=True),
                        conv_bn(after, after, 3, parts, stride=2, groups=after, activate=True),
                    )
                )
        self.freeze_declared(__class__)

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """The stem; each stage with the downsampling before it."""
        later = ([f"transitions.{i - 1}", f"stages.{i}"] for i in range(1, self.num_stages))
        return [["stem"], ["stages.0"], *later]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to stages (B, C·2^i, H / 2^(i+2), W / 2^(i+2))."""
        for layer in self.stem:
            x = layer(x)
        outs = []
        for i, stage in enumerate(self.stages):
            if i > 0:
                x = self.transitions[i - 1](x)
            for block in stage.blocks:
                x = self.run(block, x)
            if i in self.out_indices:
                outs.append(stage.norm(x))
        return tuple(outs)

    def switch_to_deploy(self) -> None:
        """Merge the small kernels into the large ones, for evaluation."""
        for module in self.modules():
            if isinstance(module, ReparamLargeKernelConv):
                module.merge_kernel()
        self.small_kernel_merged = True
