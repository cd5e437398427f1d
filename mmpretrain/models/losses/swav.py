"""The loss of SwAV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.base import BaseModule
from mmpretrain.models.layers.sinkhorn import distributed_sinkhorn
from mmpretrain.registry import MODELS


class MultiPrototypes(BaseModule):
    """Several sets of prototypes.

    Args:
        output_dim: Number of channels of the features.
        num_prototypes: Number of prototypes of each set.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self, output_dim: int, num_prototypes: Sequence[int], init_cfg: dict | list[dict] | None = None
    ) -> None:
        super().__init__(init_cfg)
        self.num_heads = len(num_prototypes)
        for i, count in enumerate(num_prototypes):
            self.add_module(f"prototypes{i}", nn.Linear(output_dim, count, bias=False))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Scores (B, K) of features (B, C), for each set."""
        return [self.get_submodule(f"prototypes{i}")(x) for i in range(self.num_heads)]


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
        num_prototypes: Number of clusters; a list for several sets of clusters, whose losses are averaged.
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
        num_prototypes: int | Sequence[int] = 3000,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        several = isinstance(num_prototypes, (list, tuple))
        counts: Sequence[Any] = num_prototypes if several else [num_prototypes]  # type: ignore[assignment]
        if not counts or not all(isinstance(count, int) and count > 0 for count in counts):
            raise ConfigError(
                f"num_prototypes must be a positive integer or a list of them, got {num_prototypes!r}",
                key="num_prototypes",
            )
        self.sinkhorn_iterations = sinkhorn_iterations
        self.epsilon = epsilon
        self.temperature = temperature
        self.crops_for_assign = crops_for_assign
        self.num_crops = num_crops
        self.use_queue = False
        #: Features of earlier batches, the latest first, (number of crops to assign, length, C).
        self.queue: Tensor | None = None
        #: Called with the clusters (those of the first set) of each crop, if somebody wants to see them.
        self.report_targets: Callable[[Tensor], None] | None = None
        self.prototypes: nn.Module = (
            MultiPrototypes(feat_dim, counts) if several else nn.Linear(feat_dim, counts[0], bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Compute the loss of features (number of crops * B, C), one crop after the other."""
        with torch.no_grad():
            for weight in self.prototypes.parameters():
                weight.copy_(F.normalize(weight, dim=1))
        crops = sum(self.num_crops)
        features = x.detach().chunk(crops)
        scores = [of_set.chunk(crops) for of_set in self._scores(x)]
        log_probs = [
            [F.log_softmax(score / self.temperature, dim=1) for score in of_set] for of_set in scores
        ]
        losses = []
        for i, assigned in enumerate(self.crops_for_assign):
            targets = self._assign(i, features[assigned], [of_set[assigned].detach() for of_set in scores])
            for target, of_set in zip(targets, log_probs):
                others = [log_prob for crop, log_prob in enumerate(of_set) if crop != assigned]
                losses += [-(target * log_prob).sum(dim=1).mean() for log_prob in others]
        return torch.stack(losses).mean()

    def _scores(self, x: Tensor) -> list[Tensor]:
        """Scores (B, K) of features (B, C), for each set of prototypes."""
        found = self.prototypes(x)
        return found if isinstance(found, list) else [found]

    @torch.no_grad()
    def _assign(self, index: int, features: Tensor, scores: list[Tensor]) -> list[Tensor]:
        """Return the clusters (B, K) of a crop for each set, found together with those of the queue."""
        size = len(features)
        if self.queue is not None:
            queue = self.queue[index]
            self.use_queue = self.use_queue or bool((queue[-1] != 0).any())  # the queue is full
            if self.use_queue:
                scores = [torch.cat(pair) for pair in zip(self._scores(queue), scores)]
            queue.copy_(torch.cat([features, queue[:-size]]))
        clusters = [
            distributed_sinkhorn(of_set, self.sinkhorn_iterations, self.epsilon)[-size:] for of_set in scores
        ]
        if self.report_targets is not None:
            self.report_targets(clusters[0])
        return clusters
