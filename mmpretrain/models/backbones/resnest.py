"""ResNeSt (`Split-Attention Networks <https://arxiv.org/abs/2004.08955>`_)."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import Unpack

from mmpretrain.models.backbones.resnet import Bottleneck, ResNet, ResNetOptions, ResNetV1d
from mmpretrain.models.layers.build import norm_abbr
from mmpretrain.models.layers.configurable import Conv, Norm, configurable
from mmpretrain.registry import MODELS


@configurable
class SplitAttentionConv2d(nn.Module):
    """Convolves to ``radix`` alternatives, and weighs them for each channel.

    Args:
        in_channels: Input channels.
        channels: Output channels.
        groups: Cardinal groups.
        radix: Number of alternatives.
        reduction_factor: How much the attention squeezes.
        conv: The convolution.
        norm: The norms.
        **shape: Kernel size, stride, padding and dilation.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        groups: int = 1,
        radix: int = 2,
        reduction_factor: int = 4,
        conv: Conv = nn.Conv2d,
        norm: Norm = nn.BatchNorm2d,
        **shape: int,
    ) -> None:
        super().__init__()
        inner = max(in_channels * radix // reduction_factor, 32)
        self.radix, self.groups = radix, groups
        wide = channels * radix
        self.conv = conv(in_channels, wide, groups=groups * radix, bias=False, **shape)
        norm0, norm1 = norm(wide), norm(inner)
        self.norm0_name, self.norm1_name = f"{norm_abbr(type(norm0))}0", f"{norm_abbr(type(norm1))}1"
        self.add_module(self.norm0_name, norm0)
        self.relu = nn.ReLU(inplace=True)
        self.fc1 = nn.Conv2d(channels, inner, 1, groups=groups)
        self.add_module(self.norm1_name, norm1)
        self.fc2 = nn.Conv2d(inner, wide, 1, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, channels, H / stride, W / stride)."""
        x = self.relu(getattr(self, self.norm0_name)(self.conv(x)))
        splits = x.unflatten(1, (self.radix, -1))  # (B, radix, C, H, W)
        gap = splits.sum(1).mean((2, 3), keepdim=True)
        logits = self.fc2(self.relu(getattr(self, self.norm1_name)(self.fc1(gap))))
        if self.radix == 1:
            return x * logits.sigmoid()
        # Channels are ordered by group, then by alternative.
        weights = F.softmax(logits.unflatten(1, (self.groups, self.radix, -1)).transpose(1, 2), dim=1)
        return (splits * weights.flatten(2, 3).flatten(3)[..., None]).sum(1)


class SplitAttentionBottleneck(Bottleneck):
    """A bottleneck with split attention in place of its 3×3 convolution.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        radix: Number of alternatives.
        reduction_factor: How much the attention squeezes.
        avg_down_stride: Pool in place of a strided convolution.
        **kwargs: Arguments of :class:`Bottleneck`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        radix: int = 2,
        reduction_factor: int = 4,
        avg_down_stride: bool = True,
        **kwargs: Any,
    ) -> None:
        self.attention = {"radix": radix, "reduction_factor": reduction_factor}
        self.avg_down_stride = avg_down_stride
        super().__init__(in_channels, out_channels, **kwargs)

    def make_branch(self, conv: Conv, norm: Norm) -> None:
        first, second, third = self.conv_specs()
        self.avg_down_stride = self.avg_down_stride and second.stride > 1
        self.add_conv_norm(1, first, conv, norm)
        self.conv2 = SplitAttentionConv2d(
            second.in_channels,
            second.out_channels,
            kernel_size=3,
            stride=1 if self.avg_down_stride else second.stride,
            padding=second.dilation,
            dilation=second.dilation,
            groups=second.groups,
            conv=conv,
            norm=norm,
            **self.attention,
        )
        self.avd_layer = nn.AvgPool2d(3, second.stride, padding=1) if self.avg_down_stride else nn.Identity()
        self.add_conv_norm(3, third, conv, norm)

    def branch(self, x: Tensor) -> Tensor:
        return self.conv_norm(3, self.avd_layer(self.conv2(self.relu(self.conv_norm(1, x)))))


@MODELS.register_module()
class ResNeSt(ResNetV1d):
    """ResNetV1d with split attention.

    From `Split-Attention Networks <https://arxiv.org/abs/2004.08955>`_.

    Args:
        depth: 50, 101, 152, 200 or 269.
        groups: Cardinal groups.
        width_per_group: Channels of a group in the first stage.
        radix: Number of alternatives.
        reduction_factor: How much the attention squeezes.
        avg_down_stride: Pool in place of strided convolutions.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
        **kwargs: Arguments of :class:`ResNet`.
    """

    arch_settings = {
        depth: (SplitAttentionBottleneck, blocks)
        for depth, blocks in {
            **{depth: ResNet.arch_settings[depth][1] for depth in (50, 101, 152)},
            200: (3, 24, 36, 3),
            269: (3, 30, 48, 8),
        }.items()
    }

    def __init__(
        self,
        depth: int,
        groups: int = 1,
        width_per_group: int = 4,
        radix: int = 2,
        reduction_factor: int = 4,
        avg_down_stride: bool = True,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
        **kwargs: Unpack[ResNetOptions],
    ) -> None:
        self.options = {"groups": groups, "width_per_group": width_per_group, "radix": radix}
        self.options |= {"reduction_factor": reduction_factor, "avg_down_stride": avg_down_stride}
        super().__init__(
            depth, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze, **kwargs
        )
        self.freeze_declared(__class__)

    def block_options(self) -> dict[str, Any]:
        return {**self.options, "base_channels": self.base_channels}
