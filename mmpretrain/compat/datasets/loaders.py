"""Data loaders and samplers under the names of 0.x."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmpretrain.datasets.samplers import DefaultSampler
from mmpretrain.engine.runner.loader_build import build_dataloader as build_dataloader_of_today
from mmpretrain.registry import DATA_SAMPLERS


def build_dataloader(
    dataset: Any,
    samples_per_gpu: int,
    workers_per_gpu: int,
    num_gpus: int = 1,
    dist: bool = True,
    shuffle: bool = True,
    round_up: bool = True,
    seed: int | None = None,
    pin_memory: bool = True,
    persistent_workers: bool = True,
    sampler_cfg: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> Any:
    """Build the loader of a data set that has been built.

    Args:
        dataset: The data set.
        samples_per_gpu: Samples in a batch.
        workers_per_gpu: Processes that load samples.
        num_gpus: Without ``dist``, a batch has the samples of this many devices.
        dist: Whether a launcher has started several processes.
        shuffle: Draw samples at random.
        round_up: Give each process equally many samples.
        seed: The seed of the order.
        pin_memory: Put batches into memory from which they reach a GPU sooner.
        persistent_workers: Keep workers from one epoch to the next.
        sampler_cfg: A sampler in place of the usual one.
        **kwargs: Arguments of :class:`torch.utils.data.DataLoader`.
    """
    sampler: dict[str, Any] = {"type": "DefaultSampler", "shuffle": shuffle, "round_up": round_up}
    workers = workers_per_gpu if dist else num_gpus * workers_per_gpu
    return build_dataloader_of_today(
        {
            "dataset": dataset,
            "sampler": dict(sampler_cfg) if sampler_cfg else sampler,
            "batch_size": samples_per_gpu if dist else num_gpus * samples_per_gpu,
            "num_workers": workers,
            "pin_memory": pin_memory,
            "persistent_workers": persistent_workers and workers > 0,
            "collate_fn": {"type": "default_collate"},
            **kwargs,
        },
        seed=seed,
    )


def build_sampler(cfg: Mapping[str, Any] | None, default_args: Mapping[str, Any] | None = None) -> Any:
    """Build a sampler; None stays None."""
    return None if cfg is None else DATA_SAMPLERS.build(dict(cfg), default_args=default_args)


class DistributedSampler(DefaultSampler):
    """The sampler of 0.x: today's, under its former name.

    Args:
        dataset: The data set to draw from.
        num_replicas: Accepted for compatibility: the number of processes is known.
        rank: Accepted for compatibility.
        shuffle: Draw samples at random.
        round_up: Give each process equally many samples.
        seed: The seed of the order.
    """

    def __init__(
        self,
        dataset: Any,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        round_up: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__(dataset, shuffle=shuffle, seed=seed, round_up=round_up)
