"""The codebook of BEiT v2 as 1.x constructs it, and the functions that it is made with."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.checkpoints.serialization import read_tensor
from mmpretrain.errors import CheckpointError
from mmpretrain.models.layers.quantizer import Codebook


class EmbeddingEMA(Codebook):
    """The codes, unit vectors, perhaps from a file.

    Args:
        num_tokens: Number of codes.
        codebook_dim: Number of channels.
        kmeans_init: Take the codes from the first batch.
        codebook_init_path: File with the codes, a tensor (num_tokens, codebook_dim).

    Raises:
        CheckpointError: If the file does not hold such a tensor.
    """

    def __init__(
        self,
        num_tokens: int,
        codebook_dim: int,
        kmeans_init: bool = True,
        codebook_init_path: str | None = None,
    ) -> None:
        super().__init__(num_tokens, codebook_dim, kmeans_init and codebook_init_path is None)
        if codebook_init_path is None:
            return
        codes = read_tensor(codebook_init_path)
        if codes.shape != self.weight.shape:
            raise CheckpointError(
                f"{codebook_init_path} holds a tensor of the shape {tuple(codes.shape)}, and not "
                f"{num_tokens} codes with {codebook_dim} channels",
                hint="Let num_tokens and codebook_dim fit the file of codebook_init_path.",
            )
        self.weight.data.copy_(codes)


def sample_vectors(samples: Tensor, num: int) -> Tensor:
    """Draw ``num`` of the vectors (M, D); some more than once only if there are not so many."""
    count, device = len(samples), samples.device
    if count >= num:
        return samples[torch.randperm(count, device=device)[:num]]
    return samples[torch.randint(0, count, (num,), device=device)]


def kmeans(
    samples: Tensor, num_clusters: int, num_iters: int = 10, use_cosine_sim: bool = False
) -> tuple[Tensor, Tensor]:
    """Find clusters of vectors (M, D).

    Args:
        samples: The vectors.
        num_clusters: Number K of clusters.
        num_iters: Number of steps.
        use_cosine_sim: Compare unit vectors by their cosine; the centres get the length 1.

    Returns:
        The centres (K, D), and how many vectors the clusters have, (K,).
    """
    means = sample_vectors(samples, num_clusters)
    members = samples.new_zeros(num_clusters, dtype=torch.long)
    for _ in range(num_iters):
        nearness = samples @ means.t() if use_cosine_sim else -torch.cdist(samples, means)
        nearest = nearness.argmax(dim=-1)
        members = torch.bincount(nearest, minlength=num_clusters)
        centres = torch.zeros_like(means).index_add_(0, nearest, samples) / members.clamp_min(1)[:, None]
        centres = F.normalize(centres, dim=-1) if use_cosine_sim else centres
        means = torch.where(members[:, None] == 0, means, centres)
    return means, members


def ema_inplace(moving_avg: Tensor, new: Tensor, decay: float | Tensor) -> None:
    """Let a moving average follow by one step; ``decay`` is the weight of the old value."""
    moving_avg.data.mul_(decay).add_(new * (1 - decay))


def norm_ema_inplace(moving_avg: Tensor, new: Tensor, decay: float | Tensor) -> None:
    """Let a moving average of vectors (..., D) follow by one step, and give them the length 1."""
    ema_inplace(moving_avg, new, decay)
    moving_avg.data.copy_(F.normalize(moving_avg.data, dim=-1))
