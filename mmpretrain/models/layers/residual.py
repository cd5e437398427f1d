"""Residual blocks (`ResNet <https://arxiv.org/abs/1512.03385>`_) and the stages made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.base.module import BaseModule

from .build import build_conv_layer, make_norm, norm_abbr
from .configurable import Act, Conv, Norm, configurable, parts_for
from .drop import DropPath


class ConvSpec(NamedTuple):
    """One convolution of a residual block; the padding keeps the size."""

    in_channels: int
    out_channels: int
    kernel_size: int
    stride: int = 1
    dilation: int = 1
    groups: int = 1


@configurable
class ResidualBlock(BaseModule):
    """Convolutions with norms, added to the identity; subclasses say which in :meth:`conv_specs`.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        expansion: Output channels over those in the middle.
        stride: Stride of the block.
        dilation: Dilation of its k×k convolution.
        downsample: Applied to the identity, where its shape changes.
        style: Where a bottleneck has its stride: in the 3×3 (``'pytorch'``) or the first 1×1 (``'caffe'``).
        groups: Groups of the 3×3 convolution of a bottleneck; in the first stage, its width is then
            ``groups * width_per_group``.
        width_per_group: Channels of a group in the first stage.
        base_channels: Channels in the middle of the blocks of the first stage, were there no groups.
        conv: The convolutions.
        norm: The norms.
        act: The activation.
        drop_path_rate: Rate of stochastic depth.
        init_cfg: How the weights are initialised.
    """

    default_expansion: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        expansion: int | None = None,
        stride: int = 1,
        dilation: int = 1,
        downsample: nn.Module | None = None,
        style: Literal["pytorch", "caffe"] = "pytorch",
        groups: int = 1,
        width_per_group: int = 4,
        base_channels: int = 64,
        conv: Conv = nn.Conv2d,
        norm: Norm = nn.BatchNorm2d,
        act: Act = partial(nn.ReLU, inplace=True),  # noqa: B008
        drop_path_rate: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.expansion = self.default_expansion if expansion is None else expansion
        if out_channels % self.expansion:
            raise ArgumentError(f"out_channels={out_channels} is no multiple of expansion={self.expansion}")
        if style not in ("pytorch", "caffe"):
            raise ArgumentError(f"style must be 'pytorch' or 'caffe', got {style!r}", key="style")
        self.mid_channels = out_channels // self.expansion
        self.groups = groups
        if groups != 1:
            self.mid_channels = groups * width_per_group * self.mid_channels // base_channels
        self.stride, self.dilation, self.style = stride, dilation, style
        self.norm_names: dict[int, str] = {}
        self.make_branch(conv, norm)
        self.relu = act()
        self.downsample = downsample
        self.drop_path = DropPath(drop_path_rate) if drop_path_rate > 1e-5 else nn.Identity()

    def conv_specs(self) -> Sequence[ConvSpec]:
        """The convolutions, ``conv1`` first."""
        raise NotImplementedError

    def make_branch(self, conv: Conv, norm: Norm) -> None:
        """Add the layers of :meth:`branch`."""
        for number, spec in enumerate(self.conv_specs(), 1):
            self.add_conv_norm(number, spec, conv, norm)

    def add_conv_norm(self, number: int, spec: ConvSpec, conv: Conv, norm: Norm) -> None:
        """Add a convolution, and a norm of the same number."""
        norm_layer = norm(spec.out_channels)
        name = self.norm_names[number] = f"{norm_abbr(type(norm_layer))}{number}"
        conv_layer = conv(
            spec.in_channels,
            spec.out_channels,
            spec.kernel_size,
            stride=spec.stride,
            padding=spec.dilation * (spec.kernel_size // 2),
            dilation=spec.dilation,
            groups=spec.groups,
            bias=False,
        )
        self.add_module(f"conv{number}", conv_layer)
        self.add_module(name, norm_layer)

    def conv_norm(self, number: int, x: Tensor) -> Tensor:
        """Apply a convolution and its norm."""
        return getattr(self, self.norm_names[number])(getattr(self, f"conv{number}")(x))

    @property
    def last_norm(self) -> nn.Module:
        """The norm at the end of the branch: at zero, the block is an identity."""
        return getattr(self, self.norm_names[max(self.norm_names)])

    def branch(self, x: Tensor) -> Tensor:
        """What is added to the identity."""
        last = len(self.norm_names)
        for number in range(1, last + 1):
            # Rebind `x` at each step: the previous activation is freed before the next is allocated.
            x = getattr(self, f"conv{number}")(x)
            x = getattr(self, self.norm_names[number])(x)
            if number < last:
                x = self.relu(x)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H / stride, W / stride)."""
        out = self.drop_path(self.branch(x))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class BasicBlock(ResidualBlock):
    """Two 3×3 convolutions."""

    default_expansion = 1

    def conv_specs(self) -> Sequence[ConvSpec]:
        mid = self.mid_channels
        return [
            ConvSpec(self.in_channels, mid, 3, self.stride, self.dilation),
            ConvSpec(mid, self.out_channels, 3),
        ]


class Bottleneck(ResidualBlock):
    """A 3×3 convolution between two of 1×1."""

    default_expansion = 4

    def conv_specs(self) -> Sequence[ConvSpec]:
        mid = self.mid_channels
        first, second = (1, self.stride) if self.style == "pytorch" else (self.stride, 1)
        return [
            ConvSpec(self.in_channels, mid, 1, first),
            ConvSpec(mid, mid, 3, second, self.dilation, self.groups),
            ConvSpec(mid, self.out_channels, 1),
        ]


class ResLayer(nn.Sequential):
    """A stage: residual blocks, of which the first changes the shape.

    Args:
        block: Class of the blocks.
        num_blocks: How many.
        in_channels: Input channels.
        out_channels: Output channels.
        expansion: Of the blocks; by default as their class has it.
        stride: Stride of the first block.
        avg_down: Let the identity of the first block be averaged before its 1×1 convolution, not strided.
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm.
        drop_path_rate: Rate of stochastic depth, or one per block.
        **block_options: Other arguments of the blocks.
    """

    #: With ``avg_down``, also pool by 1×1; it does nothing, but state dicts count it.
    always_pools = False

    def __init__(
        self,
        block: Callable[..., nn.Module],
        num_blocks: int,
        in_channels: int,
        out_channels: int,
        expansion: int | None = None,
        stride: int = 1,
        avg_down: bool = False,
        conv_cfg: dict | None = None,
        norm_cfg: dict = {"type": "BN"},  # noqa: B006
        drop_path_rate: float | Sequence[float] = 0.0,
        **block_options: Any,
    ) -> None:
        rates = drop_path_rate if isinstance(drop_path_rate, Sequence) else [drop_path_rate] * num_blocks
        if len(rates) != num_blocks:
            raise ArgumentError(f"{num_blocks} blocks need as many drop-path rates, got {len(rates)}")
        parts = parts_for(block, conv_cfg=conv_cfg, norm_cfg=norm_cfg)
        options = {"expansion": expansion, **parts, **block_options}
        downsample = None
        if stride != 1 or in_channels != out_channels:
            pool = avg_down and (stride != 1 or self.always_pools)
            conv_stride = 1 if pool else stride
            downsample = nn.Sequential(
                *([nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)] if pool else []),
                build_conv_layer(conv_cfg, in_channels, out_channels, 1, stride=conv_stride, bias=False),
                make_norm(norm_cfg, out_channels),
            )
        first = block(
            in_channels,
            out_channels,
            stride=stride,
            downsample=downsample,
            drop_path_rate=rates[0],
            **options,
        )
        rest = (block(out_channels, out_channels, drop_path_rate=rate, **options) for rate in rates[1:])
        super().__init__(first, *rest)
