"""Assigning samples to clusters of equal size."""

from __future__ import annotations

import torch
from torch import Tensor

from mmpretrain.utils.dist import all_reduce, get_world_size


@torch.no_grad()
def distributed_sinkhorn(scores: Tensor, iterations: int, epsilon: float | Tensor) -> Tensor:
    """Assign samples to prototypes so that each prototype gets an equal share.

    Args:
        scores: Similarities (B, K) of this process; the shares are equal over all processes.
        iterations: How often to scale rows and columns.
        epsilon: Small values give hard assignments.

    Returns:
        Soft assignments (B, K); each row sums to 1.
    """
    assignment = (scores / epsilon).exp().T  # (K, B)
    num_prototypes, num_samples = assignment.shape[0], assignment.shape[1] * get_world_size()
    assignment = assignment / all_reduce(assignment.sum())
    for _ in range(iterations):
        share = all_reduce(assignment.sum(dim=1, keepdim=True))
        # A prototype without samples would give 0 / 0.
        empty = (share == 0).any() * 1e-12
        assignment, share = assignment + empty, share + empty * num_samples
        assignment = assignment / share / num_prototypes
        assignment = assignment / assignment.sum(dim=0, keepdim=True) / num_samples
    return (assignment * num_samples).T
