"""MobileOne (`An Improved One millisecond Mobile Backbone <https://arxiv.org/abs/2206.04040>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base import ModuleList, Sequential
from mmpretrain.models.layers import (
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
class MobileOneBlock(ReparamBlock):
    """Several k×k branches, a 1×1 and an identity in training; one convolution in deployment.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        kernel_size: Of the convolutions.
        num_convs: How many k×k branches.
        stride: Stride of the convolutions.
        padding: Padding of the k×k convolutions.
        dilation: Dilation of the k×k convolutions.
        groups: Groups of the convolutions.
        se_cfg: Arguments of a squeeze and excitation after the branches; None is without.
        conv: Type of convolution.
        norm: Type of norm.
        act: Type of activation.
        deploy: Build the deployed form.
        init_cfg: How the weights are initialised.
    """

    branch_names = ("branch_scale", "branch_conv_list")

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        num_convs: int,
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
        parts = (conv, norm, deploy, init_cfg)
        super().__init__(in_channels, out_channels, kernel_size, groups, *parts, **shape)
        self.se = SELayer(out_channels, **se_cfg) if se_cfg is not None else nn.Identity()
        if deploy:
            self.branch_reparam = self.merged_conv()
        else:
            same = in_channels == out_channels and stride == 1
            self.branch_norm = norm(in_channels) if same else None
            self.branch_scale = self.conv_norm(1) if kernel_size > 1 else None
            self.branch_conv_list = ModuleList(self.conv_norm(kernel_size) for _ in range(num_convs))
        self.act = act()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H / stride, W / stride)."""
        return self.act(self.se(self.merge(x)))


def _arch(width_factor: Sequence[float], branches: int = 1, se_blocks: Sequence[int] = (0, 0, 0, 0)) -> dict:
    return {
        "num_blocks": (2, 8, 10, 1),
        "width_factor": width_factor,
        "num_conv_branches": (branches,) * 4,
        "num_se_blocks": se_blocks,
    }


@MODELS.register_module()
class MobileOne(BaseBackbone):
    """MobileOne: a stem and four stages of depth-wise and point-wise blocks that merge to convolutions.

    From `An Improved One millisecond Mobile Backbone <https://arxiv.org/abs/2206.04040>`_.

    ==== =================== ================= =============
    arch width_factor        num_conv_branches num_se_blocks
    ==== =================== ================= =============
    s0   0.75, 1.0, 1.0, 2.0 4, 4, 4, 4        0, 0, 0, 0
    s1   1.5, 1.5, 2.0, 2.5  1, 1, 1, 1        0, 0, 0, 0
    s2   1.5, 2.0, 2.5, 4.0  1, 1, 1, 1        0, 0, 0, 0
    s3   2.0, 2.5, 3.0, 4.0  1, 1, 1, 1        0, 0, 0, 0
    s4   3.0, 3.5, 3.5, 4.0  1, 1, 1, 1        0, 0, 5, 1
    ==== =================== ================= =============

    Args:
        arch: ``'s0'`` to ``'s4'``, or a dict with ``num_blocks``, ``width_factor``, ``num_conv_branches`` and
            ``num_se_blocks`` (how many blocks at its end have attention) of each of the four stages.
        in_channels: Channels of the image.
        out_indices: Stages to output.
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm.
        act_cfg: Type of activation.
        se_cfg: Arguments of the squeeze and excitation.
        deploy: Build the deployed form.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings: Mapping[str, Any] = {
        "s0": _arch((0.75, 1.0, 1.0, 2.0), branches=4),
        "s1": _arch((1.5, 1.5, 2.0, 2.5)),
        "s2": _arch((1.5, 2.0, 2.5, 4.0)),
        "s3": _arch((2.0, 2.5, 3.0, 4.0)),
        "s4": _arch((3.0, 3.5, 3.5, 4.0), se_blocks=(0, 0, 5, 1)),
    }
    stem_names = ("stage0",)
    stage_names = ("stage1", "stage2", "stage3", "stage4")

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[float]],
        in_channels: int = 3,
        out_indices: int | Sequence[int] = (3,),
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = {"type": "BN"},  # noqa: B006
        act_cfg: dict = {"type": "ReLU"},  # noqa: B006
        se_cfg: dict = {"ratio": 16},  # noqa: B006
        deploy: bool = False,
        norm_eval: bool = False,
        init_cfg: dict | list[dict] | None = [  # noqa: B006
            {"type": "Kaiming", "layer": ["Conv2d"]},
            {"type": "Constant", "val": 1, "layer": ["_BatchNorm"]},
        ],
        *,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, act, conv = norm_from(norm_cfg), act_from(act_cfg), conv_from(conv_cfg)
        self.arch = self.get_arch(arch)
        if any(len(values) != 4 for values in self.arch.values()):
            raise ArgumentError(
                f"Each setting of a MobileOne arch needs four values, got {arch!r}", key="arch"
            )
        self.deploy = deploy
        self.out_indices = self.take_indices(out_indices, len(self.stage_names))
        parts: dict[str, Any] = {
            "conv": conv,
            "norm": norm,
            "act": act,
            "deploy": deploy,
        }
        channels = min(64, int(64 * self.arch["width_factor"][0]))
        self.stage0 = MobileOneBlock(in_channels, channels, 3, 1, stride=2, **parts)
        for i, name in enumerate(self.stage_names):
            width = int(64 * 2**i * self.arch["width_factor"][i])
            blocks, attentive = self.arch["num_blocks"][i], self.arch["num_se_blocks"][i]
            if attentive > blocks:
                raise ArgumentError(f"{name} has {blocks} blocks, of which {attentive} cannot have attention")
            stage = Sequential()
            for j in range(blocks):
                own = {"num_convs": self.arch["num_conv_branches"][i], **parts}
                own["se_cfg"] = se_cfg if j >= blocks - attentive else None
                stride = 1 if j else 2
                stage.append(MobileOneBlock(channels, channels, 3, stride=stride, groups=channels, **own))
                stage.append(MobileOneBlock(channels, width, 1, padding=0, **own))
                channels = width
            self.add_module(name, stage)
        self.freeze_declared(__class__)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to stages (B, C, H / 2^(i+2), W / 2^(i+2))."""
        return self.forward_stages(self.stage0(x), self.stage_names)

    def switch_to_deploy(self) -> None:
        """Merge the branches of every block, for evaluation."""
        switch_to_deploy(self)
        self.deploy = True
