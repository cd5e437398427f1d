"""Generalised mean pooling."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.necks.stages import Stages, per_stage
from mmpretrain.registry import MODELS


@MODELS.register_module()
class GeneralizedMeanPooling(nn.Module):
    """The p-mean over all positions: (B, C, H, W) -> (B, C), for each stage.

    With p = 1 it is average pooling, with large p it comes close to max pooling. See `Fine-tuning CNN Image
    Retrieval with No Human Annotation <https://arxiv.org/abs/1711.02512>`_.

    Args:
        p: The exponent, at least 1.
        eps: Values below are raised to it.
        clamp: Whether to do so.
        p_trainable: Whether the exponent is learnt.
    """

    def __init__(
        self, p: float = 3.0, eps: float = 1e-6, clamp: bool = True, p_trainable: bool = True
    ) -> None:
        super().__init__()
        if p < 1:
            raise ConfigError(f"p must be at least 1, got {p!r}", key="p")
        self.p = nn.Parameter(torch.full((1,), float(p)), requires_grad=p_trainable)
        self.eps = eps
        self.clamp = clamp
        self.p_trainable = p_trainable

    def forward(self, inputs: Stages) -> Tensor | tuple[Tensor, ...]:
        """Pool the features of one stage, or of several."""
        return per_stage(self._pool, inputs)

    def _pool(self, x: Tensor) -> Tensor:
        if self.clamp:
            x = x.clamp(min=self.eps)
        return F.adaptive_avg_pool2d(x**self.p, 1).pow(1 / self.p).flatten(1)
