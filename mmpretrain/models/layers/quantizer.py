"""Vector quantization with a codebook that follows its inputs (BEiT v2, https://arxiv.org/abs/2208.06366).

Shapes: M vectors, K codes, D channels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.utils.dist import all_reduce


def kmeans(samples: Tensor, num_clusters: int, num_iters: int = 10) -> Tensor:
    """Centres (num_clusters, D), of length 1, of unit vectors (M, D) by cosine similarity."""
    count = len(samples)
    if count >= num_clusters:
        first = torch.randperm(count, device=samples.device)[:num_clusters]
    else:
        first = torch.randint(0, count, (num_clusters,), device=samples.device)
    means = samples[first]
    for _ in range(num_iters):
        nearest = (samples @ means.t()).argmax(dim=-1)
        members = torch.bincount(nearest, minlength=num_clusters)[:, None]
        sums = torch.zeros_like(means).index_add_(0, nearest, samples)
        means = torch.where(members == 0, means, F.normalize(sums / members.clamp_min(1), dim=-1))
    return means


class Codebook(nn.Module):
    """The codes, unit vectors.

    Args:
        num_tokens: Number of codes.
        codebook_dim: Number of channels.
        kmeans_init: Take the codes from the first batch.
    """

    initted: Tensor

    def __init__(self, num_tokens: int, codebook_dim: int, kmeans_init: bool = True) -> None:
        super().__init__()
        shape = (num_tokens, codebook_dim)
        codes = torch.zeros(shape) if kmeans_init else F.normalize(torch.randn(shape), dim=-1)
        self.weight = nn.Parameter(codes, requires_grad=False)
        self.register_buffer("initted", torch.tensor([float(not kmeans_init)]))

    @torch.no_grad()
    def init_from(self, samples: Tensor) -> None:
        """Take the codes from vectors (M, D), unless there are some already."""
        if not self.initted:
            self.weight.copy_(kmeans(samples, len(self.weight)))
            self.initted.fill_(1.0)

    def forward(self, embed_id: Tensor) -> Tensor:
        """The codes (..., D) of numbers (...)."""
        return F.embedding(embed_id, self.weight)


class NormEMAVectorQuantizer(nn.Module):
    """Replaces vectors by the nearest codes; the codes are moving averages of what they replaced.

    Args:
        num_embed: Number of codes.
        embed_dims: Number of channels.
        beta: Weight of the loss that draws the vectors to the codes.
        decay: How much of the old codes stays in a step of training.
        statistic_code_usage: Count how often each code is used.
        kmeans_init: Take the codes from the first batch.
    """

    cluster_size: Tensor

    def __init__(
        self,
        num_embed: int,
        embed_dims: int,
        beta: float,
        decay: float = 0.99,
        statistic_code_usage: bool = True,
        kmeans_init: bool = True,
    ) -> None:
        super().__init__()
        self.num_tokens = num_embed
        self.codebook_dim = embed_dims
        self.beta = beta
        self.decay = decay
        self.embedding = Codebook(num_embed, embed_dims, kmeans_init)
        self.statistic_code_usage = statistic_code_usage
        if statistic_code_usage:
            self.register_buffer("cluster_size", torch.zeros(num_embed))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Quantize a map (B, D, h, w).

        Returns:
            The codes (B, D, h, w), through which the gradient passes to ``z``; a loss; and the numbers of the
            codes (B * h * w,).
        """
        unit = F.normalize(z.permute(0, 2, 3, 1), dim=-1)
        vectors = unit.reshape(-1, self.codebook_dim)
        self.embedding.init_from(vectors)
        codes = self.embedding.weight
        # Rounded as in 1.x, so that of codes that are alike the same one is taken.
        product = torch.einsum("md,kd->mk", vectors, codes)
        distance = vectors.square().sum(1, keepdim=True) + codes.square().sum(1) - 2 * product
        nearest = distance.argmin(dim=1)
        quantized = self.embedding(nearest).view_as(unit)
        self._follow(vectors.detach(), nearest)
        loss = self.beta * F.mse_loss(quantized.detach(), unit)
        quantized = unit + (quantized - unit).detach()
        return quantized.movedim(-1, 1), loss, nearest

    @torch.no_grad()
    def _follow(self, vectors: Tensor, nearest: Tensor) -> None:
        """Count how often codes are used and, in training, move them towards what they replaced."""
        used = torch.bincount(nearest, minlength=self.num_tokens).to(vectors.dtype)
        all_reduce(used)
        if self.statistic_code_usage:
            self.cluster_size.lerp_(used, 1 - self.decay)
        if not self.training:
            return
        codes = self.embedding.weight
        sums = torch.zeros_like(codes).index_add_(0, nearest, vectors.to(codes.dtype))
        all_reduce(sums)
        unused = used[:, None] == 0
        means = F.normalize(sums / used.clamp_min(1)[:, None], dim=-1)
        codes.lerp_(torch.where(unused, codes, means), 1 - self.decay)
        codes.copy_(F.normalize(codes, dim=-1))
