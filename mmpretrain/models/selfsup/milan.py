"""Masked image pretraining on language-assisted representation: https://arxiv.org/abs/2208.06049."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mmpretrain.models.backbones.vision_transformer import VisionTransformer
from mmpretrain.models.selfsup.base import BaseSelfSupervisor
from mmpretrain.models.selfsup.clip_generator import CLIPGenerator
from mmpretrain.models.selfsup.mae import MAEViT
from mmpretrain.models.selfsup.masking import choose_visible, need_hidden, take
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

__all__ = ["MILAN", "CLIPGenerator", "MILANViT"]


@MODELS.register_module()
class MILANViT(MAEViT):
    """An :class:`MAEViT` that rather sees what CLIP attends to.

    From `MILAN <https://arxiv.org/abs/2208.06049>`_. The arguments are those of :class:`MAEViT`.
    """

    def attention_masking(
        self, x: Tensor, mask_ratio: float, importance: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Hide a part of patches (B, L, C), important ones less often.

        Args:
            x: The patches.
            mask_ratio: Part of the patches that is hidden.
            importance: Relative chance (B, L) of a patch to be drawn first.

        Returns:
            The visible patches (B, K, C); where each patch is in "the visible ones, then the hidden ones"
            (B, L); and the numbers of the visible (B, K) and the hidden ones (B, L - K).
        """
        chance = importance.to(x.device).float().clamp_min(torch.finfo(torch.float32).tiny)
        order = torch.multinomial(chance, x.shape[1], replacement=False)
        seen = choose_visible(order, mask_ratio)
        return take(x, seen.keep), seen.restore, seen.keep, order[:, seen.keep.shape[1] :]

    def forward(self, x: Tensor, importance: Tensor | None = None) -> tuple[Any, ...]:  # type: ignore[override]
        """Run images (B, 3, H, W).

        Args:
            x: The images.
            importance: Relative chance (B, L) of a patch to be visible. Without it, this is a
                :class:`VisionTransformer`.

        Returns:
            The class token and the visible patches (B, 1 + K, C), and the last three of
            :meth:`attention_masking`.
        """
        if importance is None:
            return VisionTransformer.forward(self, x)
        patches, positions, hw = self.embed_patches(x)
        visible, *ids = self.attention_masking(patches, self.mask_ratio, importance)
        return self.encode_visible(visible, positions, hw), *ids


@MODELS.register_module()
class MILAN(BaseSelfSupervisor):
    """Predict CLIP's features of all patches (`MILAN <https://arxiv.org/abs/2208.06049>`_).

    Its arguments are those of :class:`BaseSelfSupervisor`.
    """

    required = ("neck", "head", "target_generator")

    def extract_feat(self, inputs: Tensor) -> tuple:
        """Return the features of images (B, C, H, W), nothing of which is hidden."""
        return self.backbone(inputs, importance=None)

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the loss of images (B, C, H, W)."""
        need_hidden(self.backbone)
        target, attention = self.target_generator(inputs)
        latent, restore, keep, hidden = self.backbone(inputs, attention[:, 0, 1:])
        return {"loss": self.head.loss(self.neck(latent, restore, keep, hidden), target)}
