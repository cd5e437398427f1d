"""RIFormer: https://arxiv.org/abs/2304.05659."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.backbones.poolformer import MetaFormer, MetaFormerBlock
from mmpretrain.models.layers.configurable import Norm, act_from, configurable, norm_from
from mmpretrain.registry import MODELS


class Affine(nn.Module):
    """What a scale and an offset by channel change.

    Args:
        channels: Number of channels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.affine = nn.Conv2d(channels, channels, kernel_size=1, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        return self.affine(x) - x


@configurable
class RIFormerBlock(MetaFormerBlock):
    """A :class:`MetaFormerBlock` that mixes no positions; deployed, a norm takes the place of the mixer.

    Args:
        dim: Number of channels C.
        deploy: Build the deployed form.
        **kwargs: Arguments of :class:`MetaFormerBlock`.
    """

    def __init__(self, dim: int, deploy: bool = False, **kwargs: Any) -> None:
        self.deploy = deploy
        super().__init__(dim, **kwargs)

    def make_mixer(self, dim: int, norm: Norm) -> None:
        """Add a norm and a scale, or the norm that takes their place."""
        self.norm1 = None if self.deploy else norm(dim)
        self.token_mixer = None if self.deploy else Affine(dim)
        self.norm_reparam = norm(dim) if self.deploy else None

    def mix(self, x: Tensor) -> Tensor:
        """Normalise ``x`` (B, C, H, W) and scale its channels."""
        if self.norm_reparam is not None:
            return self.norm_reparam(x)
        assert self.norm1 is not None
        assert self.token_mixer is not None
        return self.token_mixer(self.norm1(x))

    @torch.no_grad()
    def switch_to_deploy(self) -> None:
        """Merge the scale and the offset into the norm before them."""
        if self.norm1 is None or self.token_mixer is None:
            return
        affine = self.token_mixer.affine
        scale = affine.weight.flatten() - 1
        norm = self.norm1
        norm.bias.copy_(norm.bias * scale + affine.bias)  # type: ignore[operator]
        norm.weight.mul_(scale)  # type: ignore[operator]
        self.norm_reparam, self.norm1, self.token_mixer = norm, None, None
        self.deploy = True


@MODELS.register_module()
class RIFormer(MetaFormer):
    """RIFormer (`Keep Your Vision Backbone Effective But Removing Token Mixer
    <https://arxiv.org/abs/2304.05659>`_).

    The archs are those of PoolFormer: s12, s24, s36, m36 and m48.

    Args:
        arch: A name in ``arch_settings``, or a dict with ``layers`` and ``embed_dims`` by stage, and maybe
            ``mlp_ratios`` and ``layer_scale_init_value``.
        in_channels: Number of channels of an image.
        norm_cfg: The normalisation.
        act_cfg: The activation.
        in_patch_size: Kernel size of the stem.
        in_stride: Stride of the stem.
        in_pad: Padding of the stem.
        down_patch_size: Kernel size of the convolutions between stages.
        down_stride: Their stride.
        down_pad: Their padding.
        drop_rate: Dropout rate in the feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        out_indices: Which of the seven parts to return: stages (even) and convolutions between them (odd).
        frozen_stages: Freeze the stem and the parts up to this one; -1 freezes nothing.
        init_cfg: How the weights are initialised.
        deploy: Build the deployed form.
        norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "s12",
        in_channels: int = 3,
        norm_cfg: Mapping[str, Any] = {"type": "GN", "num_groups": 1},
        act_cfg: Mapping[str, Any] = {"type": "GELU"},
        in_patch_size: int = 7,
        in_stride: int = 4,
        in_pad: int = 2,
        down_patch_size: int = 3,
        down_stride: int = 2,
        down_pad: int = 1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = -1,
        init_cfg: dict | list[dict] | None = None,
        deploy: bool = False,
        *,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, act = norm_from(norm_cfg), act_from(act_cfg)
        self.deploy = deploy
        stem = (in_patch_size, in_stride, in_pad)
        down = (down_patch_size, down_stride, down_pad)
        options = {"norm": norm, "act": act, "drop": drop_rate, "deploy": deploy}
        self.set_network(arch, RIFormerBlock, stem, down, drop_path_rate, in_channels, **options)
        self.set_output(out_indices, norm)
        self.freeze_declared(__class__)

    def freeze_groups(self) -> list[list[str]]:
        """The stem with the first part of the network, then each part."""
        stem, *parts = super().freeze_groups()
        return [[*stem, *parts[0]], *parts[1:]]

    def layer_groups(self) -> list[list[str]]:
        """The stem, then each part of the network."""
        return super().freeze_groups()

    def switch_to_deploy(self) -> None:
        """Merge what the blocks do in place of mixing into their norms."""
        for module in self.modules():
            if isinstance(module, RIFormerBlock):
                module.switch_to_deploy()
        self.deploy = True
