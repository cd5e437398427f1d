"""Shuffled batch norm: each image is normalised with other images than those it is compared with."""

from __future__ import annotations

import torch
from torch import Tensor

from mmpretrain.utils.dist import all_gather, broadcast, get_rank


@torch.no_grad()
def shuffle(x: Tensor) -> tuple[Tensor, Tensor]:
    """Deal the batches (B, ...) of all processes out again.

    Returns:
        The batch that this process gets, and where each image of the whole has gone, for :func:`unshuffle`.
    """
    everything = torch.cat(all_gather(x))
    order = broadcast(torch.randperm(len(everything), device=x.device))
    return everything[order[_own(len(x), x.device)]], order.argsort()


@torch.no_grad()
def unshuffle(x: Tensor, places: Tensor) -> Tensor:
    """Return what was computed of a shuffled batch, (B, ...), to the processes that the images came from."""
    return torch.cat(all_gather(x))[places[_own(len(x), x.device)]]


def _own(size: int, device: torch.device) -> Tensor:
    return torch.arange(size, device=device) + size * get_rank()
