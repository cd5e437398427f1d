"""Data-efficient image transformers with a distillation token: https://arxiv.org/abs/2012.12877."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from mmpretrain.models.backbones.vision_transformer import VisionTransformer
from mmpretrain.registry import MODELS


@MODELS.register_module()
class DistilledVisionTransformer(VisionTransformer):
    """Vision Transformer with a second token that learns from a teacher.

    From `Training data-efficient image transformers & distillation through attention
    <https://arxiv.org/abs/2012.12877>`_. With ``out_type='cls_token'`` an output is a pair: the class token
    and the distillation token, each (B, C).

    The archs are those of :class:`VisionTransformer`: small, base, large, huge, eva-g, deit-t, deit-s and
    dinov2-g, and their other names.

    It takes the arguments of :class:`VisionTransformer`.
    """

    extra_tokens = ("cls_token", "dist_token")
    dist_token: nn.Parameter

    def format(self, x: Tensor, hw: tuple[int, int]) -> Any:
        """As :meth:`TransformerBackbone.format`, but both tokens for ``'cls_token'``."""
        if self.out_type == "cls_token":
            return x[:, 0], x[:, 1]
        return super().format(x, hw)
