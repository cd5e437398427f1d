"""DenseCL: https://arxiv.org/abs/2011.09157."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.models.selfsup.base import Views
from mmpretrain.models.selfsup.memory import add_queue, enqueue, similarities
from mmpretrain.models.selfsup.moco import MoCo
from mmpretrain.models.selfsup.shuffle import shuffle, unshuffle
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class DenseCL(MoCo):
    """`DenseCL <https://arxiv.org/abs/2011.09157>`_: MoCo, for images and for positions in them.

    A position of the first view is paired with the position of the second one whose backbone features are
    most alike.

    Args:
        backbone: From images to feature maps.
        neck: A ``DenseCLNeck``.
        head: Computes both losses.
        queue_len: Number of earlier images, and of earlier mean positions.
        feat_dim: Number of channels of a projection.
        momentum: Weight of the new value in the slow copy that encodes the second view.
        loss_lambda: Weight of the loss of positions; that of images has the rest.
        pretrained: Checkpoint to initialise from.
        data_preprocessor: By default a ``SelfSupDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    queue2: Tensor

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        queue_len: int = 65536,
        feat_dim: int = 128,
        momentum: float = 0.001,
        loss_lambda: float = 0.5,
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            backbone, neck, head, queue_len, feat_dim, momentum, pretrained, data_preprocessor, init_cfg,
            freeze=freeze,
        )  # fmt: skip
        self.loss_lambda = loss_lambda
        add_queue(self, "queue2", feat_dim, queue_len)
        self.freeze_declared(__class__)

    def loss(self, inputs: Views, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute the losses of images and of positions from two views, each (B, C, H, W)."""
        first, second = self.views_of(inputs, 2)
        self.same_size([first, second])
        q_maps, (q, q_grid, _) = self._project(self.backbone, self.neck, first)
        with torch.no_grad():
            encoder_k = self.updated_copy()
            shuffled, places = shuffle(second)
            k_maps, projections = self._project(encoder_k.module[0], encoder_k.module[1], shuffled)
            k_maps, k, k_grid, k_mean = (unshuffle(x, places) for x in (k_maps, *projections))
            match = (q_maps.transpose(1, 2) @ k_maps).argmax(dim=2)  # (B, S): the position most alike
            k_match = k_grid.gather(2, match.unsqueeze(1).expand_as(k_grid))
        single = self._contrast(q, k, self.queue)
        dense = self._contrast(_rows(q_grid), _rows(k_match), self.queue2)
        enqueue(self, "queue", k)
        enqueue(self, "queue2", k_mean)
        return {"loss_single": single * (1 - self.loss_lambda), "loss_dense": dense * self.loss_lambda}

    @staticmethod
    def _project(backbone: Any, neck: Any, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return backbone features (B, C, S) and the neck's outputs, all of length 1 along the channels."""
        maps = backbone(images)
        # Positions of the neck's grid, of which there may be fewer than in the map.
        grid = neck.pool(maps[-1]).flatten(2)
        return F.normalize(grid, dim=1), [F.normalize(x, dim=1) for x in neck(maps)]

    def _contrast(self, query: Tensor, key: Tensor, queue: Tensor) -> Tensor:
        """Compute the loss of vectors (N, C) with their partners and a queue (C, K)."""
        return self.head.loss((query * key).sum(dim=1, keepdim=True), similarities(query, queue))


def _rows(grid: Tensor) -> Tensor:
    """Turn (B, C, S) into (B * S, C)."""
    return grid.transpose(1, 2).flatten(0, 1)
