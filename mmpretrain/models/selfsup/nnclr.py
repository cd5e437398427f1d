"""NNCLR: https://arxiv.org/abs/2104.14548."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.models.selfsup.base import BaseSelfSupervisor, Views
from mmpretrain.models.selfsup.memory import add_queue, enqueue, similarities
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class NNCLR(BaseSelfSupervisor):
    """`NNCLR <https://arxiv.org/abs/2104.14548>`_: the partner of a view is its nearest earlier image.

    Args:
        backbone: From images to features.
        neck: From features to projections.
        head: A ``NNCLRHead``.
        queue_len: Number of earlier images among which neighbours are looked for.
        feat_dim: Number of channels of a projection.
        pretrained: Checkpoint to initialise from.
        data_preprocessor: By default a ``SelfSupDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    required = ("neck", "head")

    queue: Tensor

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        queue_len: int = 98304,
        feat_dim: int = 256,
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(backbone, neck, head, None, pretrained, data_preprocessor, init_cfg, freeze=freeze)
        add_queue(self, "queue", feat_dim, queue_len)
        self.freeze_declared(__class__)

    def loss(self, inputs: Views, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute the loss of two views, each (B, C, H, W)."""
        first, second = (self.neck(self.backbone(view))[0] for view in self.views_of(inputs, 2))
        losses = [
            self.head.loss(self.nearest(first), second),
            self.head.loss(self.nearest(second), first),
        ]
        enqueue(self, "queue", F.normalize(first.detach(), dim=1))
        return {"loss": torch.stack(losses).mean()}

    @torch.no_grad()
    def nearest(self, x: Tensor) -> Tensor:
        """Return the vectors (B, C) of the queue that are most alike to ``x`` (B, C)."""
        return self.queue.T[similarities(F.normalize(x, dim=1), self.queue).argmax(dim=1)]
