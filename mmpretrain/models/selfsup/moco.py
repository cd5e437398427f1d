"""MoCo: https://arxiv.org/abs/1911.05722, v2: https://arxiv.org/abs/2003.04297."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.models.averaged import ExponentialMovingAverage
from mmpretrain.models.selfsup.base import Views
from mmpretrain.models.selfsup.memory import add_queue, enqueue, similarities
from mmpretrain.models.selfsup.momentum import MomentumMethod
from mmpretrain.models.selfsup.shuffle import shuffle, unshuffle
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class MoCo(MomentumMethod):
    """`MoCo <https://arxiv.org/abs/1911.05722>`_: a view finds the other one among a queue of earlier images.

    Args:
        backbone: From images to features.
        neck: From features to projections.
        head: Computes the loss.
        queue_len: Number of earlier images.
        feat_dim: Number of channels of a projection.
        momentum: Weight of the new value in the slow copy that encodes the second view.
        pretrained: Checkpoint to initialise from.
        data_preprocessor: By default a ``SelfSupDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    copy_name = "encoder_k"
    average = ExponentialMovingAverage

    queue: Tensor

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        queue_len: int = 65536,
        feat_dim: int = 128,
        momentum: float = 0.001,
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            backbone, neck, head, momentum, pretrained, data_preprocessor, init_cfg, freeze=freeze
        )
        self.queue_len = queue_len
        add_queue(self, "queue", feat_dim, queue_len)
        self.freeze_declared(__class__)

    def loss(self, inputs: Views, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute the loss of two views, each (B, C, H, W)."""
        first, second = self.views_of(inputs, 2)
        query = F.normalize(self.trained_encoder(first)[0], dim=1)
        with torch.no_grad():
            encoder_k = self.updated_copy()
            shuffled, places = shuffle(second)
            key = unshuffle(F.normalize(encoder_k(shuffled)[0], dim=1), places)
        positive = (query * key).sum(dim=1, keepdim=True)
        negative = similarities(query, self.queue)
        loss = self.head.loss(positive, negative)
        enqueue(self, "queue", key)
        return {"loss": loss}
