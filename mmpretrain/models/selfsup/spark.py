"""SparK: https://arxiv.org/abs/2301.03580."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError, ConfigError, DataError
from mmpretrain.models.layers.build import make_norm
from mmpretrain.models.layers.sparse import SparseLayer
from mmpretrain.models.selfsup.base import BaseSelfSupervisor
from mmpretrain.models.selfsup.masking import check_mask_ratio
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class SparK(BaseSelfSupervisor):
    """Predict the pixels of hidden patches with a convolutional backbone.

    From `Designing BERT for Convolutional Networks: Sparse and Hierarchical Masked Modeling
    <https://arxiv.org/abs/2301.03580>`_.

    Args:
        backbone: A sparse backbone, such as ``SparseResNet``, that returns the maps of all stages.
        neck: Decodes the maps.
        head: Computes the loss.
        pretrained: Checkpoint to initialise from.
        data_preprocessor: By default a ``SelfSupDataPreprocessor``.
        input_size: Edge of the images.
        downsample_raito: Edge of a patch: how much the backbone reduces images.
        mask_ratio: Part of the patches that is hidden.
        enc_dec_norm_cfg: Normalisation of the maps of the backbone.
        enc_dec_norm_dim: Number of channels of the last map; each map before it has half as many.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        input_size: int = 224,
        downsample_raito: int = 32,
        mask_ratio: float = 0.6,
        enc_dec_norm_cfg: Mapping[str, Any] = {"type": "SparseSyncBatchNorm2d"},
        enc_dec_norm_dim: int = 2048,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            backbone=backbone,
            neck=neck,
            head=head,
            pretrained=pretrained,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
            freeze=freeze,
        )
        if not hasattr(self.backbone, "masked"):
            raise ConfigError(
                f"SparK needs a sparse backbone, and {type(self.backbone).__name__} is none",
                hint="Use SparseResNet or SparseConvNeXt.",
                key="backbone",
            )
        if input_size % downsample_raito:
            raise ArgumentError(
                f"input_size={input_size} is no multiple of downsample_raito={downsample_raito}",
                key="input_size",
            )
        self.input_size = input_size
        self.downsample_raito = downsample_raito
        self.feature_map_size = input_size // downsample_raito
        positions = self.feature_map_size**2
        self.mask_ratio = check_mask_ratio(mask_ratio, positions)
        self.len_keep = round(positions * (1 - mask_ratio))
        if self.len_keep >= positions:
            raise ArgumentError(
                f"mask_ratio={mask_ratio} hides none of the {positions} patches", key="mask_ratio"
            )
        self.enc_dec_norm_cfg = enc_dec_norm_cfg
        self.enc_dec_norms = nn.ModuleList()
        self.enc_dec_projectors = nn.ModuleList()
        self.mask_tokens = nn.ParameterList()
        for i in range(len(self.backbone.out_indices)):
            self._add_stage(i, enc_dec_norm_dim // 2**i, self.neck.feature_dim // 2**i)
        self.freeze_declared(__class__)

    def _add_stage(self, index: int, channels: int, out_channels: int) -> None:
        """Make what lies between the backbone and the neck for one map."""
        norm = make_norm(self.enc_dec_norm_cfg, channels)
        if isinstance(norm, SparseLayer):
            norm.active = self.backbone.active
        same = index == 0 and channels == out_channels
        size = 3 if index else 1
        token = nn.Parameter(torch.zeros(1, channels, 1, 1))
        nn.init.trunc_normal_(token, std=0.02, a=-0.02, b=0.02)
        self.enc_dec_norms.append(norm)
        self.enc_dec_projectors.append(
            nn.Identity() if same else nn.Conv2d(channels, out_channels, size, padding=size // 2)
        )
        self.mask_tokens.append(token)

    def mask(
        self, shape: torch.Size, device: torch.device | str, generator: torch.Generator | None = None
    ) -> Tensor:
        """Choose the visible patches of images (B, C, H, W): True where visible, (B, 1, f, g)."""
        batch, size = shape[0], self.feature_map_size
        noise = torch.rand(
            batch, size**2, generator=generator, device=generator.device if generator else device
        )
        visible = noise.argsort(dim=1)[:, : self.len_keep].to(device)
        chosen = torch.zeros(batch, size**2, dtype=torch.bool, device=device)
        return chosen.scatter_(1, visible, True).view(batch, 1, size, size)

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the loss of images (B, C, H, W)."""
        if tuple(inputs.shape[2:]) != (self.input_size, self.input_size):
            raise DataError(
                f"SparK is set to images of {self.input_size} x {self.input_size}, got "
                f"{inputs.shape[2]} x {inputs.shape[3]}",
                hint="Set model.input_size to the size of the crops in the pipeline.",
            )
        active = self.mask(inputs.shape, inputs.device)
        with self.backbone.masked(active):
            maps = self.backbone(inputs * _enlarged(active, self.downsample_raito))
            self._check(maps)
            maps = [norm(x) for norm, x in zip(self.enc_dec_norms, reversed(maps))]
        to_decode = []
        for i, (x, token, project) in enumerate(zip(maps, self.mask_tokens, self.enc_dec_projectors)):
            to_decode.append(project(torch.where(_enlarged(active, 2**i), x, token.to(x.dtype))))
        return {"loss": self.head(self.neck(to_decode), inputs, active)}

    def _check(self, maps: Sequence[Tensor]) -> None:
        """Fail unless each map (B, C, H, W) has twice the edge of the next one and half its channels."""
        for i, (x, token) in enumerate(zip(reversed(maps), self.mask_tokens)):
            wanted = (token.shape[1], *[self.feature_map_size * 2**i] * 2)
            if tuple(x.shape[1:]) != wanted:
                raise ConfigError(
                    f"a map of the backbone has the shape {tuple(x.shape[1:])}, and SparK is set to {wanted}",
                    hint="The last map has enc_dec_norm_dim channels and is downsample_raito times smaller "
                    "than images; a map has twice the edge of the next one and half its channels.",
                    key="backbone",
                )


def _enlarged(mask: Tensor, scale: int) -> Tensor:
    return mask.repeat_interleave(scale, 2).repeat_interleave(scale, 3)
