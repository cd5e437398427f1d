"""Memory queues: features of earlier batches that serve as other images."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.utils.dist import all_gather


def add_queue(module: nn.Module, name: str, feat_dim: int, length: int) -> None:
    """Give a module a queue of random unit vectors: buffers ``name`` (C, length) and ``<name>_ptr`` (1,).

    Raises:
        ConfigError: If it is not to hold anything.
    """
    if length < 1:
        raise ConfigError(f"queue_len must be positive, got {length}", key="queue_len")
    module.register_buffer(name, F.normalize(torch.randn(feat_dim, length), dim=0))
    module.register_buffer(f"{name}_ptr", torch.zeros(1, dtype=torch.long))


def similarities(query: Tensor, queue: Tensor) -> Tensor:
    """Compare features (B, C) with each entry of a queue (C, K), as it is now: (B, K).

    Raises:
        ConfigError: If they differ in channels.
    """
    if query.shape[1] != len(queue):
        raise ConfigError(
            f"The neck puts out {query.shape[1]} channels, and the queue has {len(queue)}",
            hint=f"Set model.feat_dim={query.shape[1]}, or out_channels of model.neck.",
            key="feat_dim",
        )
    return query @ queue.clone()


@torch.no_grad()
def enqueue(module: nn.Module, name: str, keys: Tensor) -> None:
    """Overwrite the oldest entries of a queue with the features (B, C) of all processes.

    Raises:
        ConfigError: If the queue is shorter than a batch.
    """
    queue, pointer = module.get_buffer(name), module.get_buffer(f"{name}_ptr")
    keys = torch.cat(all_gather(keys))
    length = queue.shape[1]
    if len(keys) > length:
        raise ConfigError(
            f"A queue of {length} is shorter than a batch of {len(keys)} images",
            hint="Set model.queue_len to a multiple of the batch size over all processes.",
            key="queue_len",
        )
    places = (pointer + torch.arange(len(keys), device=queue.device)) % length
    queue.index_copy_(1, places, keys.T.to(queue.dtype))
    pointer.copy_((pointer + len(keys)) % length)
