"""ResNet (`Deep Residual Learning for Image Recognition <https://arxiv.org/abs/1512.03385>`_) and its tricks.

A stage ``layer1`` ... ``layer4`` is a sequence of residual blocks. Variants give other blocks through
``arch_settings`` and :meth:`ResNet.block_options`, another stem through :meth:`ResNet._make_stem_layer`, or
other stages through :meth:`ResNet.make_res_layer`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Literal, TypedDict

from torch import Tensor, nn
from typing_extensions import Unpack

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import KAIMING_INIT, BaseBackbone
from mmpretrain.models.init import as_list, constant_init, is_pretrained
from mmpretrain.models.layers import ConvModule, build_conv_layer, build_norm_layer, drop_path_rates
from mmpretrain.models.layers.configurable import conv_from, norm_from
from mmpretrain.models.layers.residual import BasicBlock, Bottleneck, ResidualBlock, ResLayer
from mmpretrain.registry import MODELS


class ResNetBodyOptions(TypedDict, total=False):
    """Arguments of :class:`ResNet` that all its variants pass on."""

    in_channels: int
    stem_channels: int
    base_channels: int
    expansion: int | None
    num_stages: int
    strides: Sequence[int]
    dilations: Sequence[int]
    out_indices: int | Sequence[int]
    conv_cfg: dict | None
    norm_cfg: dict
    zero_init_residual: bool
    drop_path_rate: float


class ResNetOptions(ResNetBodyOptions, total=False):
    """Arguments of :class:`ResNet` that its variants pass on, unless they fix the stem."""

    style: Literal["pytorch", "caffe"]
    init_cfg: dict | list[dict] | None


class ResNetStemOptions(ResNetOptions, total=False):
    """Arguments of :class:`ResNet` that its variants pass on whose stem can be chosen."""

    deep_stem: bool
    avg_down: bool


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
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm.
        zero_init_residual: Let each block start as an identity.
        init_cfg: How the weights are initialised.
        drop_path_rate: Rate of stochastic depth of the last block; it rises from 0 over the blocks.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
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
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
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
        self.zero_init_residual = zero_init_residual
        self.deep_stem = deep_stem
        self.block, self.conv_cfg, self.norm_cfg = block, conv_cfg, norm_cfg
        self.make_stem(in_channels, stem_channels)
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
        self.freeze_declared(__class__)

    def block_options(self) -> dict[str, Any]:
        """Arguments of the blocks that a variant adds."""
        return {}

    def make_stem(self, in_channels: int, stem_channels: int) -> None:
        """Add the layers before the first stage, and declare them as the stem."""
        before = set(self._modules)
        self._make_stem_layer(in_channels, stem_channels)
        if not hasattr(self, "maxpool"):  # a stem that a subclass made without one
            self.maxpool = nn.Identity()
        self.stem_names = tuple(name for name in self._modules if name not in before)

    def _make_stem_layer(self, in_channels: int, stem_channels: int) -> None:
        """Add the layers before the first stage."""
        if self.deep_stem:
            mid = stem_channels // 2
            made = {"conv": conv_from(self.conv_cfg), "norm": norm_from(self.norm_cfg)}
            parts = {"kernel_size": 3, "padding": 1, **made}
            self.stem = nn.Sequential(
                ConvModule(in_channels, mid, stride=2, **parts),
                ConvModule(mid, mid, **parts),
                ConvModule(mid, stem_channels, **parts),
            )
        else:
            self.make_plain_stem(in_channels, stem_channels, kernel_size=7, stride=2)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)

    def make_plain_stem(self, in_channels: int, stem_channels: int, kernel_size: int, stride: int) -> None:
        """Add ``conv1``, its norm and ``relu``."""
        shape = {"stride": stride, "padding": kernel_size // 2, "bias": False}
        self.conv1 = build_conv_layer(self.conv_cfg, in_channels, stem_channels, kernel_size, **shape)
        self.norm1_name, norm1 = build_norm_layer(self.norm_cfg, stem_channels, postfix=1)
        self.add_module(self.norm1_name, norm1)
        self.relu = nn.ReLU(inplace=True)

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
            layer = self.make_res_layer(
                in_channels=in_channels, out_channels=width, **blocks, **own, **options
            )
            self.add_module(f"layer{i + 1}", layer)
            in_channels = width
        self.stage_names = tuple(f"layer{i + 1}" for i in range(len(widths)))
        self.stage_blocks = tuple(depths)
        self.feat_dim = in_channels

    def make_res_layer(self, **kwargs: Any) -> nn.Sequential:
        """Return a stage, given the arguments of :class:`ResLayer`."""
        return self.layer_class(**kwargs)

    @property
    def res_layers(self) -> list[str]:
        """Names of the stages."""
        return list(self.stage_names)

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

    Args:
        depth: Number of layers.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
        **kwargs: Arguments of :class:`ResNet`, but not those of the stem.
    """

    #: Average pooling in place of strided convolutions on the identity.
    averages_identity = False

    def __init__(
        self,
        depth: int,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
        **kwargs: Unpack[ResNetOptions],
    ) -> None:
        super().__init__(
            depth,
            deep_stem=True,
            avg_down=self.averages_identity,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            freeze=freeze,
            **kwargs,
        )
        self.freeze_declared(__class__)


@MODELS.register_module()
class ResNetV1d(ResNetV1c):
    """ResNet with a deep stem and averaging identities (`Bag of Tricks <https://arxiv.org/abs/1812.01187>`_).

    The depths are those of :class:`ResNet`: 18, 34, 50, 101 and 152.

    Args:
        depth: Number of layers.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
        **kwargs: Arguments of :class:`ResNet`, but not those of the stem.
    """

    averages_identity = True
