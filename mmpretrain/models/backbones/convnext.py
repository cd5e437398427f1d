"""ConvNeXt (https://arxiv.org/abs/2201.03545) and ConvNeXt V2 (https://arxiv.org/abs/2301.00808)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.backbones.base_staged import StagedBackbone
from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.layers.configurable import Act, Norm, act_from, configurable, norm_from
from mmpretrain.models.layers.drop import DropPath, stage_drop_path_rates
from mmpretrain.models.layers.layer_norm import GRN, LayerNorm2d
from mmpretrain.registry import MODELS


@configurable
class ConvNeXtBlock(BaseModule):
    """A depthwise convolution and a feed-forward network by position, with a residual connection.

    Args:
        in_channels: Number of channels C.
        dw_conv_cfg: Arguments of the depthwise convolution.
        norm: The normalisation.
        act: The activation.
        mlp_ratio: Width of the feed-forward network, relative to C.
        linear_pw_conv: Use linear layers on (B, H, W, C) instead of 1 x 1 convolutions.
        drop_path_rate: Stochastic-depth rate.
        layer_scale_init_value: Start value of the scale ``gamma`` of the branch; 0 for none.
        use_grn: Use global response normalisation.
    """

    def __init__(
        self,
        in_channels: int,
        dw_conv_cfg: Mapping[str, Any] = {"kernel_size": 7, "padding": 3},
        norm: Norm = partial(LayerNorm2d, eps=1e-6),  # noqa: B008
        act: Act = nn.GELU,
        mlp_ratio: float = 4.0,
        linear_pw_conv: bool = True,
        drop_path_rate: float = 0.0,
        layer_scale_init_value: float = 1e-6,
        use_grn: bool = False,
    ) -> None:
        super().__init__()
        self.linear_pw_conv = linear_pw_conv
        self.data_format = "channel_last" if linear_pw_conv else "channel_first"
        pointwise = nn.Linear if linear_pw_conv else partial(nn.Conv2d, kernel_size=1)
        width = int(mlp_ratio * in_channels)
        self.depthwise_conv = nn.Conv2d(in_channels, in_channels, groups=in_channels, **dw_conv_cfg)
        self.norm = norm(in_channels)
        self.pointwise_conv1 = pointwise(in_channels, width)
        self.act = act()
        self.pointwise_conv2 = pointwise(width, in_channels)
        self.grn = GRN(width) if use_grn else None
        scale = torch.full((in_channels,), float(layer_scale_init_value))
        self.gamma = nn.Parameter(scale) if layer_scale_init_value > 0 else None
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        return x + self.drop_path(self.branch(x))

    def branch(self, x: Tensor) -> Tensor:
        """What is added to ``x`` (B, C, H, W)."""
        x = self.depthwise_conv(x)
        if self.linear_pw_conv:
            x = x.permute(0, 2, 3, 1)
        x = self.norm(x, self.data_format) if isinstance(self.norm, LayerNorm2d) else self.norm(x)
        x = self.pointwise_conv1(x)
        x = self.act(x)  # its own line: frees the input of the layer before
        if self.grn is not None:
            x = self.grn(x, self.data_format)
        x = self.pointwise_conv2(x)
        if self.gamma is not None:
            x = x * (self.gamma if self.linear_pw_conv else self.gamma.view(-1, 1, 1))
        return x.permute(0, 3, 1, 2) if self.linear_pw_conv else x


def _arch(depths: list[int], channels: list[int]) -> dict[str, list[int]]:
    return {"depths": depths, "channels": channels}


@MODELS.register_module()
class ConvNeXt(StagedBackbone):
    """ConvNeXt (`A ConvNet for the 2020s <https://arxiv.org/abs/2201.03545>`_).

    With ``use_grn=True, layer_scale_init_value=0.`` it is `ConvNeXt V2 <https://arxiv.org/abs/2301.00808>`_.

    ====== =========== ====================
    arch   depths      channels
    ====== =========== ====================
    atto   2, 2, 6, 2  40, 80, 160, 320
    femto  2, 2, 6, 2  48, 96, 192, 384
    pico   2, 2, 6, 2  64, 128, 256, 512
    nano   2, 2, 8, 2  80, 160, 320, 640
    tiny   3, 3, 9, 3  96, 192, 384, 768
    small  3, 3, 27, 3 96, 192, 384, 768
    base   3, 3, 27, 3 128, 256, 512, 1024
    large  3, 3, 27, 3 192, 384, 768, 1536
    xlarge 3, 3, 27, 3 256, 512, 1024, 2048
    huge   3, 3, 27, 3 352, 704, 1408, 2816
    ====== =========== ====================

    Args:
        arch: A name in ``arch_settings``, or a dict with ``depths`` and ``channels`` of the stages.
        in_channels: Number of channels of an image.
        stem_patch_size: Size of a patch that the stem embeds.
        norm_cfg: The normalisation.
        act_cfg: The activation.
        linear_pw_conv: Use linear layers on (B, H, W, C) instead of 1 x 1 convolutions.
        use_grn: Use global response normalisation.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        layer_scale_init_value: Start value of the scales of the branches; 0 for none.
        out_indices: Stages whose output is returned; negative indices count from the end.
        frozen_stages: Freeze so many stages, the stem with the first.
        gap_before_final_norm: Return the normalised mean (B, C) instead of the normalised map (B, C, H, W).
        init_cfg: How the weights are initialised.
        norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = {
        "atto": _arch([2, 2, 6, 2], [40, 80, 160, 320]),
        "femto": _arch([2, 2, 6, 2], [48, 96, 192, 384]),
        "pico": _arch([2, 2, 6, 2], [64, 128, 256, 512]),
        "nano": _arch([2, 2, 8, 2], [80, 160, 320, 640]),
        "tiny": _arch([3, 3, 9, 3], [96, 192, 384, 768]),
        "small": _arch([3, 3, 27, 3], [96, 192, 384, 768]),
        "base": _arch([3, 3, 27, 3], [128, 256, 512, 1024]),
        "large": _arch([3, 3, 27, 3], [192, 384, 768, 1536]),
        "xlarge": _arch([3, 3, 27, 3], [256, 512, 1024, 2048]),
        "huge": _arch([3, 3, 27, 3], [352, 704, 1408, 2816]),
    }
    block_class: type[ConvNeXtBlock] = ConvNeXtBlock

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[int]] = "tiny",
        in_channels: int = 3,
        stem_patch_size: int = 4,
        norm_cfg: Mapping[str, Any] = {"type": "LN2d", "eps": 1e-6},
        act_cfg: Mapping[str, Any] = {"type": "GELU"},
        linear_pw_conv: bool = True,
        use_grn: bool = False,
        drop_path_rate: float = 0.0,
        layer_scale_init_value: float = 1e-6,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        gap_before_final_norm: bool = True,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = [  # noqa: B006
            {"type": "TruncNormal", "layer": ["Conv2d", "Linear"], "std": 0.02, "bias": 0.0},
            {"type": "Constant", "layer": ["LayerNorm"], "val": 1.0, "bias": 0.0},
        ],
        *,
        norm_eval: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, act = norm_from(norm_cfg), act_from(act_cfg)
        settings = self.get_arch(arch)
        self.depths: Sequence[int] = settings["depths"]
        block = partial(
            self.block_class,
            norm=norm,
            act=act,
            linear_pw_conv=linear_pw_conv,
            layer_scale_init_value=layer_scale_init_value,
            use_grn=use_grn,
        )
        stages = (
            [block(channels, drop_path_rate=rate) for rate in rates]
            for channels, rates in zip(
                settings["channels"], stage_drop_path_rates(drop_path_rate, self.depths)
            )
        )
        self.set_stages(settings["channels"], stages, norm, in_channels, stem_patch_size)
        self.set_output(out_indices, norm, gap_before_final_norm)
        self.freeze_declared(__class__)

    def freeze_groups(self) -> list[list[str]]:
        """Nothing, then each stage with the downsampling before it."""
        return [[], *self.stage_groups()]

    def layer_groups(self) -> list[list[str]]:
        """The stem, then stages; the third, the longest, counts by three blocks."""
        deep = 12 if self.depths[-2] > 9 else 6
        groups: list[list[str]] = [[] for _ in range(deep + 1)]
        groups[0] = ["downsample_layers.0"]
        groups[1] = ["stages.0"]
        groups[2] = ["downsample_layers.1", "stages.1"]
        groups[3] = ["downsample_layers.2"]
        for block in range(self.depths[2]):
            groups[3 + block // 3].append(f"stages.2.{block}")
        groups[deep] += ["downsample_layers.3", "stages.3"]
        return groups
