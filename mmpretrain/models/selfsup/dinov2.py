"""DINOv2: https://arxiv.org/abs/2304.07193."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.selfsup.base import Views
from mmpretrain.models.selfsup.ibot import iBOT
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

KOLEO = {"type": "KoLeoLoss"}


@MODELS.register_module()
class DINOv2(iBOT):
    """`DINOv2 <https://arxiv.org/abs/2304.07193>`_: iBOT with its own neck for patches and spread features.

    Its heads use ``centering='sinkhorn'``.

    Args:
        backbone: A ``MaskTokenViT``.
        neck: A ``DINONeck`` for class tokens.
        head: A ``DINOHead`` for class tokens.
        patch_neck: A ``DINONeck`` for patches.
        patch_head: A ``DINOHead`` for patches.
        spread: A ``KoLeoLoss``, or its config, for the class tokens of each large crop.
        mask_ratio: See :class:`iBOT`.
        mask_prob: See :class:`iBOT`.
        base_momentum: See :class:`DINO`.
        num_crops: See :class:`DINO`.
        freeze_prototypes_iters: See :class:`DINO`.
        pretrained: Checkpoint to initialise from.
        data_preprocessor: By default a ``SelfSupDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        patch_neck: dict | nn.Module,
        patch_head: dict | nn.Module,
        spread: dict | nn.Module = KOLEO,
        mask_ratio: tuple[float, float] = (0.1, 0.5),
        mask_prob: float = 0.5,
        base_momentum: float = 0.008,
        num_crops: Sequence[int] = (2, 8),
        freeze_prototypes_iters: int = 0,
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            backbone, neck, head, patch_head, patch_neck, mask_ratio, mask_prob, base_momentum, num_crops,
            freeze_prototypes_iters, pretrained, data_preprocessor, init_cfg, freeze=freeze,
        )  # fmt: skip
        self.spread: Any = MODELS.build(spread)
        self.freeze_declared(__class__)

    def loss(self, inputs: Views, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute the losses of class tokens, of patches, and of neighbours that are too near."""
        losses, tokens = self.losses_of(self.views_of(inputs, sum(self.num_crops)))
        spread = torch.stack([self.spread(crop) for crop in tokens.chunk(self.num_crops[0])])
        return {**losses, "loss_koleo": spread.mean()}
