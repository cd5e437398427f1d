"""The loss of SwAV."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.base import BaseModule
from mmpretrain.models.layers.sinkhorn import distributed_sinkhorn
from mmpretrain.registry import MODELS


@MODELS.register_module()
class SwAVLoss(BaseModule):
    """Predicts the cluster of one crop of an image from another (`SwAV <https://arxiv.org/abs/2006.09882>`_).

    ``SwAVHook`` sets :attr:`queue`, earlier features for better clusters of small batches.

    Args:
        feat_dim: Number of channels of the features.
        sinkhorn_iterations: Iterations of the assignment.
        epsilon: Softness of the assignment.
        temperature: What scores are divided by before softmax.
        crops_for_assign: Crops whose clusters are predicted.
        num_crops: Number of crops of each size.
        num_prototypes: Number of clusters.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        feat_dim: int,
        sinkhorn_iterations: int = 3,
        epsilon: float = 0.05,
        temperature: float = 0.1,
        crops_for_assign: Sequence[int] = (0, 1),
        num_crops: Sequence[int] = (2,),
        num_prototypes: int = 3000,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if not isinstance(num_prototypes, int) or num_prototypes < 1:
            raise ConfigError(
                f"num_prototypes must be a positive integer, got {num_prototypes!r}", key="num_prototypes"
            )
        self.sinkhorn_iterations = sinkhorn_iterations
        self.epsilon = epsilon
        self.temperature = temperature
        self.crops_for_assign = crops_for_assign
        self.num_crops = num_crops
        self.use_queue = False
        #: Features of earlier batches, the latest first, (number of crops to assign, length, C).
        self.queue: Tensor | None = None
        #: Called with the clusters of each crop, if somebody wants to see them.
        self.report_targets: Callable[[Tensor], None] | None = None
        self.prototypes = nn.Linear(feat_dim, num_prototypes, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the loss of features (number of crops * B, C), one crop after the other."""
        with torch.no_grad():
            self.prototypes.weight.copy_(F.normalize(self.prototypes.weight, dim=1))
        crops = sum(self.num_crops)
        features, scores = x.detach().chunk(crops), self.prototypes(x).chunk(crops)
        log_probs = [F.log_softmax(score / self.temperature, dim=1) for score in scores]
        losses = []
        for i, assigned in enumerate(self.crops_for_assign):
            target = self._assign(i, features[assigned], scores[assigned].detach())
            others = [log_prob for crop, log_prob in enumerate(log_probs) if crop != assigned]
            losses += [-(target * log_prob).sum(dim=1).mean() for log_prob in others]
        return torch.stack(losses).mean()

    @torch.no_grad()
    def _assign(self, index: int, features: Tensor, scores: Tensor) -> Tensor:
        """Return the clusters (B, K) of a crop, found together with those of the queue."""
        size = len(features)
        if self.queue is not None:
            queue = self.queue[index]
            self.use_queue = self.use_queue or bool((queue[-1] != 0).any())  # the queue is full
            if self.use_queue:
                scores = torch.cat([self.prototypes(queue), scores])
            queue.copy_(torch.cat([features, queue[:-size]]))
        clusters = distributed_sinkhorn(scores, self.sinkhorn_iterations, self.epsilon)[-size:]
        if self.report_targets is not None:
            self.report_targets(clusters)
        return clusters
