"""RepVGG (`Making VGG-style ConvNets Great Again <https://arxiv.org/abs/2101.03697>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import KAIMING_INIT, BaseBackbone
from mmpretrain.models.base import BaseModule, Sequential
from mmpretrain.models.layers import (
    ConvModule,
    ReparamBlock,
    SELayer,
    switch_to_deploy,
)
from mmpretrain.models.layers.configurable import (
    Act,
    Conv,
    Norm,
    act_from,
    configurable,
    conv_from,
    norm_from,
)
from mmpretrain.registry import MODELS


@configurable
class RepVGGBlock(ReparamBlock):
    """3×3, 1×1 and identity branches in training; one 3×3 convolution in deployment.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        stride: Stride of the convolutions.
        padding: Padding of the 3×3 convolution.
        dilation: Dilation of the 3×3 convolution.
        groups: Groups of the convolutions.
        se_cfg: Arguments of a squeeze and excitation after the branches; None is without.
        conv: Type of convolution.
        norm: Type of norm.
        act: Type of activation.
        deploy: Build the deployed form.
        init_cfg: How the weights are initialised.
    """

    branch_names = ("branch_3x3", "branch_1x1")

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        padding: int = 1,
        dilation: int = 1,
        groups: int = 1,
        se_cfg: dict | None = None,
        conv: Conv = nn.Conv2d,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
        deploy: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        shape = {"stride": stride, "padding": padding, "dilation": dilation}
        super().__init__(in_channels, out_channels, 3, groups, conv, norm, deploy, init_cfg, **shape)
        if deploy:
            self.branch_reparam = self.merged_conv()
        else:
            same = in_channels == out_channels and stride == 1 and padding == dilation
            self.branch_norm = norm(in_channels) if same else None
            self.branch_3x3 = self.conv_norm(3)
            self.branch_1x1 = self.conv_norm(1)
        self.se_layer = SELayer(out_channels, **se_cfg) if se_cfg is not None else None
        self.act = act()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H / stride, W / stride)."""
        out = self.merge(x)
        return self.act(out if self.se_layer is None else self.se_layer(out))


@configurable
class MTSPPF(BaseModule):
    """Pools over growing neighbourhoods, for the RepVGG of `YOLOX-PAI <https://arxiv.org/abs/2208.13040>`_.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        norm: Type of norm.
        act: Type of activation.
        kernel_size: Of the pooling.
    """

    def __init__(
        self, in_channels: int, out_channels: int, norm: Norm, act: Act, kernel_size: int = 5
    ) -> None:
        super().__init__()
        hidden = in_channels // 2
        self.conv1 = ConvModule(in_channels, hidden, 1, norm=norm, act=act)
        self.conv2 = ConvModule(hidden * 4, out_channels, 1, norm=norm, act=act)
        self.maxpool = nn.MaxPool2d(kernel_size, stride=1, padding=kernel_size // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        pooled = [self.conv1(x)]
        for _ in range(3):
            pooled.append(self.maxpool(pooled[-1]))
        return self.conv2(torch.cat(pooled, 1))


def _arch(
    num_blocks: Sequence[int], width_factor: Sequence[float], groups: int = 1, **others: Any
) -> dict[str, Any]:
    """Settings of an arch; every second block has ``groups``."""
    group_layer_map = dict.fromkeys(range(2, 27, 2), groups) if groups > 1 else None
    shape = {"num_blocks": num_blocks, "width_factor": width_factor, "group_layer_map": group_layer_map}
    return {**shape, "se_cfg": None, **others}


_A, _B = (2, 4, 14, 1), (4, 6, 16, 1)


@MODELS.register_module()
class RepVGG(BaseBackbone):
    """RepVGG: a stem and four stages of blocks that can be merged to single convolutions.

    From `Making VGG-style ConvNets Great Again <https://arxiv.org/abs/2101.03697>`_.

    =============== ============ =====================
    arch            num_blocks   width_factor
    =============== ============ =====================
    A0              2, 4, 14, 1  0.75, 0.75, 0.75, 2.5
    A1              2, 4, 14, 1  1, 1, 1, 2.5
    A2              2, 4, 14, 1  1.5, 1.5, 1.5, 2.75
    B0              4, 6, 16, 1  1, 1, 1, 2.5
    B1              4, 6, 16, 1  2, 2, 2, 4
    B1g2            4, 6, 16, 1  2, 2, 2, 4
    B1g4            4, 6, 16, 1  2, 2, 2, 4
    B2              4, 6, 16, 1  2.5, 2.5, 2.5, 5
    B2g2            4, 6, 16, 1  2.5, 2.5, 2.5, 5
    B2g4            4, 6, 16, 1  2.5, 2.5, 2.5, 5
    B3              4, 6, 16, 1  3, 3, 3, 5
    B3g2            4, 6, 16, 1  3, 3, 3, 5
    B3g4            4, 6, 16, 1  3, 3, 3, 5
    D2se            8, 14, 24, 1 2.5, 2.5, 2.5, 5
    yolox-pai-small 3, 5, 7, 3   1, 1, 1, 1
    =============== ============ =====================

    Args:
        arch: A0 to A2, B0 to B3 (B1, B2 and B3 also with g2 or g4), D2se, yolox-pai-small, or a dict with
            ``num_blocks`` and ``width_factor`` of each stage, ``group_layer_map`` (block number to groups, or
            None), ``se_cfg`` (or None), and optionally ``stem_channels``.
        in_channels: Channels of the image.
        base_channels: Width of the first stage, before ``width_factor``.
        out_indices: Stages to output.
        strides: Stride of each stage.
        dilations: Dilation of each stage.
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm.
        act_cfg: Type of activation.
        deploy: Build the deployed form.
        add_ppf: Pool over neighbourhoods after the last stage.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings: Mapping[str, Any] = {
        "A0": _arch(_A, (0.75, 0.75, 0.75, 2.5)),
        "A1": _arch(_A, (1, 1, 1, 2.5)),
        "A2": _arch(_A, (1.5, 1.5, 1.5, 2.75)),
        "B0": _arch(_B, (1, 1, 1, 2.5), stem_channels=64),
        "B1": _arch(_B, (2, 2, 2, 4)),
        "B1g2": _arch(_B, (2, 2, 2, 4), groups=2),
        "B1g4": _arch(_B, (2, 2, 2, 4), groups=4),
        "B2": _arch(_B, (2.5, 2.5, 2.5, 5)),
        "B2g2": _arch(_B, (2.5, 2.5, 2.5, 5), groups=2),
        "B2g4": _arch(_B, (2.5, 2.5, 2.5, 5), groups=4),
        "B3": _arch(_B, (3, 3, 3, 5)),
        "B3g2": _arch(_B, (3, 3, 3, 5), groups=2),
        "B3g4": _arch(_B, (3, 3, 3, 5), groups=4),
        "D2se": _arch((8, 14, 24, 1), (2.5, 2.5, 2.5, 5), se_cfg={"ratio": 16, "divisor": 1}),
        "yolox-pai-small": _arch((3, 5, 7, 3), (1, 1, 1, 1), stem_channels=32),
    }
    stem_names = ("stem",)

    def __init__(
        self,
        arch: str | Mapping[str, Any],
        in_channels: int = 3,
        base_channels: int = 64,
        out_indices: int | Sequence[int] = (3,),
        strides: Sequence[int] = (2, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = {"type": "BN"},  # noqa: B006
        act_cfg: dict = {"type": "ReLU"},  # noqa: B006
        with_cp: bool = False,
        deploy: bool = False,
        norm_eval: bool = False,
        add_ppf: bool = False,
        init_cfg: dict | list[dict] | None = KAIMING_INIT,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, act, conv = norm_from(norm_cfg), act_from(act_cfg), conv_from(conv_cfg)
        self.arch = self.get_arch(arch)
        depths, factors = self.arch["num_blocks"], self.arch["width_factor"]
        if not len(depths) == len(factors) == len(strides) == len(dilations):
            raise ArgumentError(
                f"{len(depths)} stages need as many width factors, strides and dilations; "
                f"got {factors!r}, {strides!r} and {dilations!r}",
                key="strides",
            )
        self.deploy = deploy
        self.out_indices = self.take_indices(out_indices, len(depths))
        groups = self.arch["group_layer_map"] or {}
        parts: dict[str, Any] = {"conv": conv, "norm": norm, "act": act}
        parts |= {"se_cfg": self.arch["se_cfg"], "deploy": deploy}

        channels = min(self.arch.get("stem_channels", 64), int(base_channels * factors[0]))
        self.stem = RepVGGBlock(in_channels, channels, stride=2, **parts)
        self.stage_names = tuple(f"stage_{i + 1}" for i in range(len(depths)))
        number = 1  # of the block, over all stages
        for i, (name, stride, dilation) in enumerate(zip(self.stage_names, strides, dilations)):
            width = int(base_channels * 2**i * factors[i])
            stage = Sequential()
            for j in range(depths[i]):
                shape = {"stride": 1 if j else stride, "padding": dilation, "dilation": dilation}
                own = {"groups": groups.get(number, 1), "init_cfg": init_cfg}
                stage.append(RepVGGBlock(channels, width, **shape, **own, **parts))
                channels = width
                number += 1
            self.add_module(name, stage)
        self.ppf = MTSPPF(channels, channels, norm, act) if add_ppf else nn.Identity()
        self.freeze_declared(__class__)

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """The pooling belongs to the last stage."""
        return [self.stem_names, *([name] for name in self.stage_names[:-1]), [self.stage_names[-1], "ppf"]]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to stages (B, C, H / 2^(i+2), W / 2^(i+2))."""
        outs = self.forward_stages(self.stem(x), self.stage_names)
        last = len(self.stage_names) - 1
        return tuple(self.ppf(out) if i == last else out for i, out in zip(sorted(self.out_indices), outs))

    def switch_to_deploy(self) -> None:
        """Merge the branches of every block, for evaluation."""
        switch_to_deploy(self)
        self.deploy = True
