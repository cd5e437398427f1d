"""MobileNetV3 (`Searching for MobileNetV3 <https://arxiv.org/abs/1905.02244>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from torch import Tensor, nn

from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.layers import ConvModule, HSigmoid, InvertedResidual, SELayer
from mmpretrain.models.layers.configurable import act_from, conv_from, norm_from
from mmpretrain.registry import MODELS


@MODELS.register_module()
class MobileNetV3(BaseBackbone):
    """MobileNetV3: a stem, one inverted residual per layer, and a 1×1 convolution.

    From `Searching for MobileNetV3 <https://arxiv.org/abs/1905.02244>`_.

    Args:
        arch: ``'small'``, ``'small_075'``, ``'small_050'`` or ``'large'``.
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm.
        out_indices: Layers to output, the stem is 0; by default the last.
        frozen_stages: Freeze the layers up to this one, the stem is 0; -1 freezes nothing.
        in_channels: Number of channels of the images.
        init_cfg: How the weights are initialised.
        norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    #: Of each layer: kernel size, channels in the middle and at the end, SE, activation, stride.
    arch_settings: Mapping[str, Any] = {
        "small": (
            (3, 16, 16, True, "ReLU", 2),
            (3, 72, 24, False, "ReLU", 2),
            (3, 88, 24, False, "ReLU", 1),
            (5, 96, 40, True, "HSwish", 2),
            (5, 240, 40, True, "HSwish", 1),
            (5, 240, 40, True, "HSwish", 1),
            (5, 120, 48, True, "HSwish", 1),
            (5, 144, 48, True, "HSwish", 1),
            (5, 288, 96, True, "HSwish", 2),
            (5, 576, 96, True, "HSwish", 1),
            (5, 576, 96, True, "HSwish", 1),
        ),
        "small_075": (
            (3, 16, 16, True, "ReLU", 2),
            (3, 72, 24, False, "ReLU", 2),
            (3, 88, 24, False, "ReLU", 1),
            (5, 96, 32, True, "HSwish", 2),
            (5, 192, 32, True, "HSwish", 1),
            (5, 192, 32, True, "HSwish", 1),
            (5, 96, 40, True, "HSwish", 1),
            (5, 120, 40, True, "HSwish", 1),
            (5, 240, 72, True, "HSwish", 2),
            (5, 432, 72, True, "HSwish", 1),
            (5, 432, 72, True, "HSwish", 1),
        ),
        "small_050": (
            (3, 16, 8, True, "ReLU", 2),
            (3, 40, 16, False, "ReLU", 2),
            (3, 56, 16, False, "ReLU", 1),
            (5, 64, 24, True, "HSwish", 2),
            (5, 144, 24, True, "HSwish", 1),
            (5, 144, 24, True, "HSwish", 1),
            (5, 72, 24, True, "HSwish", 1),
            (5, 72, 24, True, "HSwish", 1),
            (5, 144, 48, True, "HSwish", 2),
            (5, 288, 48, True, "HSwish", 1),
            (5, 288, 48, True, "HSwish", 1),
        ),
        "large": (
            (3, 16, 16, False, "ReLU", 1),
            (3, 64, 24, False, "ReLU", 2),
            (3, 72, 24, False, "ReLU", 1),
            (5, 72, 40, True, "ReLU", 2),
            (5, 120, 40, True, "ReLU", 1),
            (5, 120, 40, True, "ReLU", 1),
            (3, 240, 80, False, "HSwish", 2),
            (3, 200, 80, False, "HSwish", 1),
            (3, 184, 80, False, "HSwish", 1),
            (3, 184, 80, False, "HSwish", 1),
            (3, 480, 112, True, "HSwish", 1),
            (3, 672, 112, True, "HSwish", 1),
            (5, 672, 160, True, "HSwish", 2),
            (5, 960, 160, True, "HSwish", 1),
            (5, 960, 160, True, "HSwish", 1),
        ),
    }
    stem_names = ("layer0",)

    def __init__(
        self,
        arch: str = "small",
        conv_cfg: dict | None = None,
        norm_cfg: dict = {"type": "BN", "eps": 0.001, "momentum": 0.01},  # noqa: B006
        out_indices: int | Sequence[int] | None = None,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = [  # noqa: B006
            {"type": "Kaiming", "layer": ["Conv2d"], "nonlinearity": "leaky_relu"},
            {"type": "Normal", "layer": ["Linear"], "std": 0.01},
            {"type": "Constant", "layer": ["BatchNorm2d"], "val": 1},
        ],
        *,
        freeze: str | None = None,
        in_channels: int = 3,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, conv = norm_from(norm_cfg), conv_from(conv_cfg)
        layers = self.get_arch(arch)
        self.arch = arch
        self.stage_names = tuple(f"layer{i}" for i in range(1, len(layers) + 2))
        self.out_indices = self.take_indices(-1 if out_indices is None else out_indices, len(layers) + 2)
        parts: dict[str, Any] = {"conv": conv, "norm": norm}
        self.layer0 = ConvModule(in_channels, 16, 3, stride=2, padding=1, act=nn.Hardswish, **parts)
        channels, mid = 16, 16
        for name, (kernel_size, mid, width, with_se, act, stride) in zip(self.stage_names, layers):
            squeeze = partial(SELayer, mid, ratio=4, act=(nn.ReLU, HSigmoid))
            layer = InvertedResidual(
                channels,
                width,
                mid,
                kernel_size,
                stride,
                se=squeeze if with_se else None,
                act=act_from({"type": act}),
                **parts,
            )
            self.add_module(name, layer)
            channels = width
        self.add_module(self.stage_names[-1], ConvModule(channels, mid, 1, act=nn.Hardswish, **parts))
        self.feat_dim = mid
        self.freeze_declared(__class__)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to layers, the last of shape (B, C, H / 32, W / 32)."""
        return self.forward_stages(x, (*self.stem_names, *self.stage_names))
