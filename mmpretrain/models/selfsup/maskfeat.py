"""Masked feature prediction: https://arxiv.org/abs/2112.09133."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.backbones.base_transformer import OutType
from mmpretrain.models.backbones.vision_transformer import VisionTransformer
from mmpretrain.models.init import has_pretrained
from mmpretrain.models.selfsup.hog import HOGGenerator
from mmpretrain.models.selfsup.mae import MaskedAutoencoder
from mmpretrain.models.selfsup.masking import replace_hidden, stack_masks
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

__all__ = ["HOGGenerator", "MaskFeat", "MaskFeatViT"]


@MODELS.register_module()
class MaskFeatViT(VisionTransformer):
    """Vision Transformer that sees a learnable token in the place of hidden patches.

    From `Masked Feature Prediction for Self-Supervised Visual Pre-Training
    <https://arxiv.org/abs/2112.09133>`_.

    Args:
        arch: A name in ``arch_settings``, or a dict; see :class:`VisionTransformer`.
        img_size: The usual size of images; other sizes work too.
        patch_size: Size of a patch.
        out_indices: Layers whose output is returned when nothing is masked.
        drop_rate: Dropout rate of the tokens, and after attention and feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last layer; it grows from 0 at the first.
        norm_cfg: The normalisation.
        final_norm: Normalise the output of the last layer.
        out_type: What is returned when nothing is masked; see :class:`VisionTransformer`.
        interpolate_mode: How position embeddings are interpolated for other image sizes.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        layer_cfgs: Further arguments of the layers, for all or one by one.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    def __init__(
        self,
        arch: str | Mapping[str, int] = "b",
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: Mapping[str, Any] = {"type": "LN", "eps": 1e-6},
        final_norm: bool = True,
        out_type: OutType = "raw",
        interpolate_mode: str = "bicubic",
        patch_cfg: Mapping[str, Any] = {},
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        init_cfg: dict | list[dict] | None = None,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            arch=arch,
            img_size=img_size,
            patch_size=patch_size,
            out_indices=out_indices,
            drop_rate=drop_rate,
            drop_path_rate=drop_path_rate,
            norm_cfg=norm_cfg,
            final_norm=final_norm,
            out_type=out_type,
            interpolate_mode=interpolate_mode,
            patch_cfg=patch_cfg,
            layer_cfgs=layer_cfgs,
            init_cfg=init_cfg,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            freeze=freeze,
        )
        self.mask_token = nn.Parameter(torch.zeros(1, 1, self.embed_dims))
        self.num_patches = self.patch_resolution[0] * self.patch_resolution[1]
        self.freeze_declared(__class__)

    def init_embedding(self) -> None:
        """Start with small random positions and tokens."""
        super().init_embedding()
        assert self.cls_token is not None
        for token in (self.cls_token, self.mask_token):
            nn.init.trunc_normal_(token, std=0.02)

    def init_weights(self) -> None:
        """Start with truncated normal weights."""
        super().init_weights()
        if has_pretrained(self.init_cfg):
            return
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d)):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if isinstance(module, nn.Linear) and module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Any:
        """Run images (B, 3, H, W).

        Args:
            x: The images.
            mask: 1 where patches are hidden, (B, L). Without it, this is a :class:`VisionTransformer`.

        Returns:
            With a mask, the class token and the patches (B, 1 + L, C) after the last layer.
        """
        if mask is None:
            return super().forward(x)
        patches, hw = self.patch_embed(x)
        x = self.add_tokens(replace_hidden(patches, mask, self.mask_token), hw)
        for layer in self.layers:
            x = self.run(layer, x)
        return self.ln1(x) if self.final_norm else x


@MODELS.register_module()
class MaskFeat(MaskedAutoencoder):
    """Predict gradient histograms of hidden patches (`MaskFeat <https://arxiv.org/abs/2112.09133>`_).

    Its arguments are those of :class:`BaseSelfSupervisor`.
    """

    required = ("neck", "head", "target_generator")

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the loss of images (B, C, H, W) whose samples have masks (h, w)."""
        mask = stack_masks(data_samples).flatten(1).bool()
        latent = self.backbone(inputs, mask)
        pred = self.neck((latent.flatten(0, 1),))[0].unflatten(0, latent.shape[:2])
        return {"loss": self.head.loss(pred[:, 1:], self.target_generator(inputs), mask)}
