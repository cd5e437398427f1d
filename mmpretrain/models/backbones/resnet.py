"""ResNet (`Deep Residual Learning for Image Recognition <https://arxiv.org/abs/1512.03385>`_) and its tricks.

A stage ``layer1`` ... ``layer4`` is a sequence of residual blocks. Variants give other blocks through
``arch_settings`` and :meth:`ResNet.block_options`, or another stem through :meth:`ResNet.make_stem`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Literal, NamedTuple

from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import KAIMING_INIT, BaseBackbone
from mmpretrain.models.base import BaseModule
from mmpretrain.models.init import as_list, constant_init, is_pretrained
from mmpretrain.models.layers import (
    ConvModule,
    DropPath,
    build_activation_layer,
    build_conv_layer,
    build_norm_layer,
    drop_path_rates,
    make_norm,
)
from mmpretrain.registry import MODELS


class ConvSpec(NamedTuple):
    """One convolution of a residual block; the padding keeps the size."""

    in_channels: int
    out_channels: int
    kernel_size: int
    stride: int = 1
    dilation: int = 1
    groups: int = 1


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
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm.
        act_cfg: Type of activation.
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
        conv_cfg: dict | None = None,
        norm_cfg: dict = {"type": "BN"},  # noqa: B006
        act_cfg: dict = {"type": "ReLU", "inplace": True},  # noqa: B006
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
        self.make_branch(conv_cfg, norm_cfg)
        self.relu = build_activation_layer(act_cfg)
        self.downsample = downsample
        self.drop_path = DropPath(drop_path_rate) if drop_path_rate > 1e-5 else nn.Identity()

    def conv_specs(self) -> Sequence[ConvSpec]:
        """The convolutions, ``conv1`` first."""
        raise NotImplementedError

    def make_branch(self, conv_cfg: dict | None, norm_cfg: dict) -> None:
        """Add the layers of :meth:`branch`."""
        for number, spec in enumerate(self.conv_specs(), 1):
            self.add_conv_norm(number, spec, conv_cfg, norm_cfg)

    def add_conv_norm(self, number: int, spec: ConvSpec, conv_cfg: dict | None, norm_cfg: dict) -> None:
        """Add a convolution, and a norm of the same number."""
        name, norm = build_norm_layer(norm_cfg, spec.out_channels, postfix=number)
        self.norm_names[number] = name
        conv = build_conv_layer(
            conv_cfg,
            spec.in_channels,
            spec.out_channels,
            spec.kernel_size,
            stride=spec.stride,
            padding=spec.dilation * (spec.kernel_size // 2),
            dilation=spec.dilation,
            groups=spec.groups,
            bias=False,
        )
        self.add_module(f"conv{number}", conv)
        self.add_module(name, norm)

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
            # One step a line: what is done with is given back, and the next step finds it in the cache.
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
        options = {"expansion": expansion, "conv_cfg": conv_cfg, "norm_cfg": norm_cfg, **block_options}
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


@MODELS.register_module()
class ResNet(BaseBackbone):
    """ResNet.

    From `Deep Residual Learning for Image Recognition <https://arxiv.org/abs/1512.03385>`_.

    ===== ============ ================
    depth block        blocks per stage
    ===== ============ ================
    18    BasicBlock   2, 2, 2, 2
    34    BasicBlock   3, 4, 6, 3
    50    Bottleneck   3, 4, 6, 3
    101   Bottleneck   3, 4, 23, 3
    152   Bottleneck   3, 8, 36, 3
    ===== ============ ================

    Args:
        depth: Number of layers.
        in_channels: Channels of the image.
        stem_channels: Output channels of the stem.
        base_channels: Channels in the middle of the blocks of the first stage; they double with each stage.
        expansion: Output channels of a block over those in its middle; by default as its class has it.
        num_stages: Number of stages.
        strides: Stride of each stage.
        dilations: Dilation of each stage.
        out_indices: Stages to output.
        style: Where a bottleneck has its stride: in the 3×3 (``'pytorch'``) or the first 1×1 (``'caffe'``).
        deep_stem: Three 3×3 convolutions in place of one 7×7.
        avg_down: Average pooling in place of strided convolutions on the identity.
        frozen_stages: Freeze the stem (0) and the stages up to this one; -1 freezes nothing.
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm.
        norm_eval: Keep batch-norm statistics as they are when training.
        with_cp: Recompute activations in the backward pass to save memory.
        zero_init_residual: Let each block start as an identity.
        init_cfg: How the weights are initialised.
        drop_path_rate: Rate of stochastic depth of the last block; it rises from 0 over the blocks.
    """

    arch_settings: Mapping[Any, Any] = {
        18: (BasicBlock, (2, 2, 2, 2)),
        34: (BasicBlock, (3, 4, 6, 3)),
        50: (Bottleneck, (3, 4, 6, 3)),
        101: (Bottleneck, (3, 4, 23, 3)),
        152: (Bottleneck, (3, 8, 36, 3)),
    }

    layer_class = ResLayer

    #: Blocks of stages 2 and 3 that share a learning rate in layer-wise decay, by the blocks in the stages.
    decay_groups: Mapping[tuple[int, ...], tuple[int, int]] = {
        (8, 36): (4, 4),
        (24, 36): (4, 4),
        (30, 48): (5, 6),
    }

    def __init__(
        self,
        depth: int,
        in_channels: int = 3,
        stem_channels: int = 64,
        base_channels: int = 64,
        expansion: int | None = None,
        num_stages: int = 4,
        strides: Sequence[int] = (1, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        out_indices: int | Sequence[int] = (3,),
        style: Literal["pytorch", "caffe"] = "pytorch",
        deep_stem: bool = False,
        avg_down: bool = False,
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = {"type": "BN", "requires_grad": True},  # noqa: B006
        norm_eval: bool = False,
        with_cp: bool = False,
        zero_init_residual: bool = True,
        init_cfg: dict | list[dict] | None = KAIMING_INIT,
        drop_path_rate: float = 0.0,
    ) -> None:
        super().__init__(init_cfg)
        block, depths = self.get_arch(depth, key="depth")
        if not (1 <= num_stages <= len(depths) and len(strides) == len(dilations) == num_stages):
            raise ArgumentError(
                f"num_stages={num_stages} needs as many strides and dilations, at most {len(depths)}; "
                f"got {strides!r} and {dilations!r}",
                key="num_stages",
            )
        self.depth = depth
        self.expansion = block.default_expansion if expansion is None else expansion
        self.base_channels = base_channels
        widths = [base_channels * self.expansion * 2**i for i in range(num_stages)]
        self.frozen_stages, self.norm_eval, self.with_cp = frozen_stages, norm_eval, with_cp
        self.zero_init_residual = zero_init_residual
        self.deep_stem = deep_stem
        self.make_stem(in_channels, stem_channels, conv_cfg, norm_cfg)
        self.make_stages(
            stem_channels,
            widths,
            depths[:num_stages],
            drop_path_rates(drop_path_rate, sum(depths)),
            [{"stride": s, "dilation": d} for s, d in zip(strides, dilations)],
            block=block,
            expansion=self.expansion,
            style=style,
            avg_down=avg_down,
            conv_cfg=conv_cfg,
            norm_cfg=norm_cfg,
            **self.block_options(),
        )
        self.out_indices = self.take_indices(out_indices, num_stages)

    def block_options(self) -> dict[str, Any]:
        """Arguments of the blocks that a variant adds."""
        return {}

    def make_stem(self, in_channels: int, stem_channels: int, conv_cfg: dict | None, norm_cfg: dict) -> None:
        """Add the layers before the first stage."""
        if self.deep_stem:
            mid = stem_channels // 2
            cfgs = {"kernel_size": 3, "padding": 1, "conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
            self.stem = nn.Sequential(
                ConvModule(in_channels, mid, stride=2, **cfgs),
                ConvModule(mid, mid, **cfgs),
                ConvModule(mid, stem_channels, **cfgs),
            )
            self.stem_names = ("stem",)
        else:
            self.make_plain_stem(in_channels, stem_channels, conv_cfg, norm_cfg, 7, 2)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)

    def make_plain_stem(
        self,
        in_channels: int,
        stem_channels: int,
        conv_cfg: dict | None,
        norm_cfg: dict,
        kernel_size: int,
        stride: int,
    ) -> None:
        """Add ``conv1``, its norm and ``relu``."""
        shape = {"stride": stride, "padding": kernel_size // 2, "bias": False}
        self.conv1 = build_conv_layer(conv_cfg, in_channels, stem_channels, kernel_size, **shape)
        self.norm1_name, norm1 = build_norm_layer(norm_cfg, stem_channels, postfix=1)
        self.add_module(self.norm1_name, norm1)
        self.relu = nn.ReLU(inplace=True)
        self.stem_names = ("conv1", self.norm1_name)

    def make_stages(
        self,
        in_channels: int,
        widths: Sequence[int],
        depths: Sequence[int],
        rates: Sequence[float],
        per_stage: Sequence[Mapping[str, Any]],
        **options: Any,
    ) -> None:
        """Add the stages ``layer1``, ``layer2``, ...

        Args:
            in_channels: Channels of the stem.
            widths: Channels of each stage.
            depths: Blocks of each stage.
            rates: Drop-path rate of each block.
            per_stage: Arguments of each :class:`ResLayer`.
            **options: Arguments of all of them.
        """
        ends = list(accumulate(depths))
        for i, (width, end, own) in enumerate(zip(widths, ends, per_stage)):
            blocks = {"num_blocks": depths[i], "drop_path_rate": rates[end - depths[i] : end]}
            layer = self.layer_class(in_channels=in_channels, out_channels=width, **blocks, **own, **options)
            self.add_module(f"layer{i + 1}", layer)
            in_channels = width
        self.stage_names = tuple(f"layer{i + 1}" for i in range(len(widths)))
        self.stage_blocks = tuple(depths)
        self.feat_dim = in_channels

    @property
    def norm1(self) -> nn.Module:
        """The norm of the stem."""
        return getattr(self, self.norm1_name)

    def init_weights(self) -> None:
        """Initialise; then let the blocks start as identities, unless weights are loaded."""
        super().init_weights()
        if self.zero_init_residual and not any(map(is_pretrained, as_list(self.init_cfg or []))):
            for module in self.modules():
                if isinstance(module, ResidualBlock):
                    constant_init(module.last_norm, 0)

    def forward_stem(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, C, H / 4, W / 4)."""
        x = self.stem(x) if self.deep_stem else self.relu(self.norm1(self.conv1(x)))
        return self.maxpool(x)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to stages (B, C·2^i, H / 2^(i+2), W / 2^(i+2))."""
        return self.forward_stages(self.forward_stem(x), self.stage_names)

    def layer_groups(self) -> Sequence[Sequence[str]]:
        """The stem; a stage each; but stages 2 and 3 by groups of blocks."""
        groups: list[list[str]] = [list(self.stem_names)]
        sizes = (None, *self.decay_groups.get(self.stage_blocks[1:3], (2, 3)), None)
        for name, depth, size in zip(self.stage_names, self.stage_blocks, sizes):
            size = size or depth
            groups += [
                [f"{name}.{i}" for i in range(start, min(start + size, depth))]
                for start in range(0, depth, size)
            ]
        return groups


@MODELS.register_module()
class ResNetV1c(ResNet):
    """ResNet with a deep stem (`Bag of Tricks <https://arxiv.org/abs/1812.01187>`_).

    The depths are those of :class:`ResNet`: 18, 34, 50, 101 and 152.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(deep_stem=True, avg_down=False, **kwargs)


@MODELS.register_module()
class ResNetV1d(ResNet):
    """ResNet with a deep stem and averaging identities (`Bag of Tricks <https://arxiv.org/abs/1812.01187>`_).

    The depths are those of :class:`ResNet`: 18, 34, 50, 101 and 152.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(deep_stem=True, avg_down=True, **kwargs)
