"""Self-distillation: the student learns the teacher's distribution over prototypes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import ArgumentError, ConfigError
from mmpretrain.models.base import BaseModule
from mmpretrain.models.layers.sinkhorn import distributed_sinkhorn
from mmpretrain.registry import MODELS
from mmpretrain.utils.dist import all_gather


@MODELS.register_module()
class DINOHead(BaseModule):
    """Makes targets of the teacher's scores, and compares the student's scores with them.

    Without centring, the teacher would soon give every image the same prototype; without a low temperature,
    it would give all prototypes the same share. See `DINO <https://arxiv.org/abs/2104.14294>`_, and `DINOv2
    <https://arxiv.org/abs/2304.07193>`_ for ``centering='sinkhorn'``.

    Args:
        out_channels: Number of prototypes K.
        student_temp: What the student's scores are divided by.
        teacher_temp: What the teacher's scores are divided by.
        warmup_teacher_temp: The same in the first iteration; it grows linearly.
        warmup_iters: Number of iterations of this growth.
        centering: ``'mean'`` subtracts a running mean of the teacher's scores, ``'sinkhorn'`` gives each
            prototype an equal share of the batch, ``'none'`` is for experiments.
        center_momentum: How much of the running mean stays at each step.
        init_cfg: How the weights are initialised.
    """

    center: Tensor
    steps: Tensor

    def __init__(
        self,
        out_channels: int = 65536,
        student_temp: float = 0.1,
        teacher_temp: float = 0.04,
        warmup_teacher_temp: float = 0.04,
        warmup_iters: int = 0,
        centering: Literal["mean", "sinkhorn", "none"] = "mean",
        center_momentum: float = 0.9,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if centering not in ("mean", "sinkhorn", "none"):
            raise ArgumentError(
                f"centering must be 'mean', 'sinkhorn' or 'none', got {centering!r}", key="centering"
            )
        self.student_temp = student_temp
        self.teacher_temp = teacher_temp
        self.warmup_teacher_temp = warmup_teacher_temp
        self.warmup_iters = warmup_iters
        self.centering = centering
        self.center_momentum = center_momentum
        #: Called with the targets of each step, if somebody wants to see them.
        self.report_targets: Callable[[Tensor], None] | None = None
        self.register_buffer("center", torch.zeros(1, out_channels))
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    def temperature(self) -> Tensor:
        """The teacher's temperature now."""
        grown = (self.steps / self.warmup_iters).clamp(max=1) if self.warmup_iters else 1.0
        return torch.as_tensor(
            self.warmup_teacher_temp + (self.teacher_temp - self.warmup_teacher_temp) * grown,
            device=self.center.device,
        )

    @torch.no_grad()
    def targets(self, scores: Tensor) -> Tensor:
        """Return the teacher's distributions (B, K) for its scores (B, K), and advance the schedules."""
        if scores.shape[-1] != self.center.shape[-1]:
            raise ConfigError(
                f"The neck scores {scores.shape[-1]} prototypes, and DINOHead has {self.center.shape[-1]}",
                hint="Give model.neck and model.head the same out_channels.",
                key="out_channels",
            )
        scores, temperature = scores.float(), self.temperature()
        if self.centering == "sinkhorn":
            probs = distributed_sinkhorn(scores, 3, temperature)
        else:
            probs = F.softmax((scores - self.center) / temperature, dim=-1)
        if self.centering == "mean":
            mean = torch.cat(all_gather(scores.mean(dim=0, keepdim=True))).mean(dim=0, keepdim=True)
            self.center.lerp_(mean, 1 - self.center_momentum)
        self.steps += 1
        if self.report_targets is not None:
            self.report_targets(probs)
        return probs

    def cross_entropy(self, scores: Tensor, target: Tensor) -> Tensor:
        """Compare the student's scores (N, K) with distributions (N, K); return (N,)."""
        return -(target * F.log_softmax(scores.float() / self.student_temp, dim=-1)).sum(dim=-1)

    def loss(self, student: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
        """Compute the mean loss of all pairs of different crops.

        Args:
            student: Scores of all crops, each (B, K).
            targets: Distributions of the first crops, each (B, K).
        """
        losses = [
            self.cross_entropy(scores, target).mean()
            for i, target in enumerate(targets)
            for j, scores in enumerate(student)
            if i != j
        ]
        return torch.stack(losses).mean()
