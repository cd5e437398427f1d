"""The small network for CIFAR that trains in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.registry import MODELS


class _BiasNorm(nn.BatchNorm2d):
    """Batch norm that learns a bias only, with statistics that follow quickly."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-12, momentum=0.4)
        self.weight.requires_grad_(False)


class _Group(nn.Module):
    """Two convolutions with a pooling after the first one: (B, in, H, W) to (B, out, H / 2, W / 2)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
        self.pool = nn.MaxPool2d(2)
        self.norm1 = _BiasNorm(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.norm2 = _BiasNorm(out_channels)
        self.act = nn.GELU()
        for conv in (self.conv1, self.conv2):
            # The first filters pass their input on, as far as there are as many.
            nn.init.dirac_(conv.weight.data[: min(conv.in_channels, out_channels)])

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.norm1(self.pool(self.conv1(x))))
        return self.act(self.norm2(self.conv2(x)))


@MODELS.register_module()
class AirbenchNet(BaseBackbone):
    """A whitening layer, three groups of two convolutions, and max pooling.

    From `94% on CIFAR-10 in 3.29 Seconds on a Single GPU <https://arxiv.org/abs/2404.00498>`_. The filters of
    the first layer do not learn: :class:`.WhiteningHook` sets them from patches of the training images. The
    output goes into a linear layer; it is multiplied by ``out_scale``, which makes the first scores small.

    Args:
        arch: ``'94'``, ``'95'`` or ``'96'``, the accuracies of the paper, or a dict with the ``widths`` of
            the groups.
        in_channels: Channels of the images.
        patch_size: Edge of the filters of the first layer.
        out_scale: Factor of the output.
        init_cfg: How the weights are initialised, in place of the initialisation of the paper.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = {
        "94": {"widths": (64, 256, 256)},
        "95": {"widths": (128, 384, 384)},
        "96": {"widths": (128, 512, 512)},
    }
    stem_names = ("whiten",)
    stage_names = ("groups.0", "groups.1", "groups.2")

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "94",
        in_channels: int = 3,
        patch_size: int = 2,
        out_scale: float = 1 / 9,
        init_cfg: dict | list[dict] | None = None,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        self.arch = self.get_arch(arch)
        self.out_scale = out_scale
        widths: Sequence[int] = self.arch["widths"]
        filters = 2 * in_channels * patch_size**2
        self.whiten = nn.Conv2d(in_channels, filters, patch_size)
        self.whiten.weight.requires_grad_(False)
        self.act = nn.GELU()
        self.groups = nn.ModuleList(map(_Group, (filters, *widths[:-1]), widths))
        self.out_channels = widths[-1]
        self.freeze_declared(__class__)

    @torch.no_grad()
    def whiten_patches(self, images: Tensor, eps: float = 5e-4) -> None:
        """Set the filters of the first layer such that their outputs on the images are uncorrelated and of
        size 1.

        They are the principal components of the patches, divided by their standard deviations, and their
        negatives.

        Args:
            images: Normalised training images, (N, C, H, W).
            eps: Added to the variances.
        """
        edge = self.whiten.kernel_size[0]
        total, count = 0, 0
        for part in images.split(256):
            patches = F.unfold(part, edge).transpose(1, 2).flatten(0, 1)  # (N * places, C * edge * edge)
            total, count = total + (patches.T @ patches).double(), count + len(patches)
        variances, components = torch.linalg.eigh(total / count)
        filters = (components / (variances + eps).sqrt()).T.flip(0).reshape(-1, *self.whiten.weight.shape[1:])
        self.whiten.weight.copy_(torch.cat([filters, -filters]))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Images (B, C, H, W) to features (B, out_channels), with pooling over all that is left."""
        x = self.act(self.run(self.whiten, x))
        for group in self.groups:
            x = self.run(group, x)
        return (x.amax((2, 3)) * self.out_scale,)
