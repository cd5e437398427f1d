"""Building a data loader from its config."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from mmpretrain.engine.runner.autopilot import TunedDataLoader
from mmpretrain.engine.runner.dataloader import FOR_WORKERS, KeyedDataLoader, is_infinite
from mmpretrain.errors import ArgumentError, ConfigError
from mmpretrain.registry import (
    DATA_SAMPLERS,
    DATASETS,
    FUNCTIONS,
    check_accepts,
    locate,
    quoted,
    resolve_type,
)
from mmpretrain.utils.brief import brief
from mmpretrain.utils.dist import get_dist_info
from mmpretrain.utils.env import Inherited, usable_cores
from mmpretrain.utils.logging import get_logger


def build_dataloader(cfg: Any, seed: int | None = None, diff_rank_seed: bool = False) -> Any:
    """Build a loader from a ``train_dataloader`` config; a loader that is built already is returned as it is.

    Args:
        cfg: ``dataset`` and ``sampler`` (configs or objects), optionally ``batch_sampler``, ``collate_fn``,
            ``worker_init_fn``, ``num_batch_per_epoch``, ``tune``; the rest goes to
            :class:`torch.utils.data.DataLoader`.
        seed: The seed of the run.
        diff_rank_seed: Let each process draw its own sampler seed.
    """
    if not isinstance(cfg, dict):
        return cfg
    args = dict(cfg)
    dataset = _build_dataset(args, cfg)
    _add_samplers(args, dataset, None if diff_rank_seed else seed, cfg)
    tune = _tuning(args, cfg)
    _add_functions(args, cfg)
    _leave_out_idle(args)
    if isinstance(dataset, IterableDataset) or args.get("batch_size", 1) is None:
        return DataLoader(dataset, **args)
    rank_seed = (seed or 0) + (get_dist_info()[0] if diff_rank_seed else 0)
    try:
        loader = (TunedDataLoader if tune else KeyedDataLoader)(dataset, seed=rank_seed, **args)
    except (TypeError, ValueError) as error:
        message = f"The data loader cannot be built: {error}"
        raise ConfigError(message, where=quoted(cfg, message)) from error
    if len(loader) == 0 and not is_infinite(loader):
        raise ConfigError(
            f"The data loader has no batch: {len(dataset)} samples, batch_size={args.get('batch_size')}, "
            f"drop_last={args.get('drop_last', False)}",
            where=locate(cfg, "batch_size"),
            hint="Choose a smaller batch_size, or drop_last=False.",
        )
    return loader


def _build_dataset(args: dict[str, Any], cfg: Any) -> Any:
    """Take the data set out of the arguments, built and complete."""
    dataset = args.pop("dataset", None)
    if isinstance(dataset, dict):
        dataset = DATASETS.build(dataset)
    if not hasattr(dataset, "__getitem__") or isinstance(dataset, (str, bytes, type)):
        raise _no_part("dataset", dataset, cfg)
    if hasattr(dataset, "full_init"):
        dataset.full_init()
    if (batches := args.pop("num_batch_per_epoch", None)) is not None:
        return _Slice(dataset, batches * args["batch_size"] * get_dist_info()[1])
    return dataset


def _add_samplers(args: dict[str, Any], dataset: Any, seed: int | None, cfg: Any) -> None:
    """Build the samplers, and take out what they replace."""
    sampler = args.pop("sampler", None)
    if isinstance(sampler, dict):
        sampler = DATA_SAMPLERS.build(sampler, default_args=dict(dataset=dataset, seed=seed))
    if sampler is not None and (isinstance(sampler, (str, type)) or not hasattr(sampler, "__iter__")):
        raise _no_part("sampler", sampler, cfg)
    _check_indices("sampler", sampler, cfg)
    batch_sampler = args.pop("batch_sampler", None)
    if isinstance(batch_sampler, dict):
        defaults = dict(sampler=sampler, batch_size=args.pop("batch_size"))
        batch_sampler = DATA_SAMPLERS.build(batch_sampler, default_args=defaults)
    for batch in batch_sampler if isinstance(batch_sampler, (list, tuple)) else ():
        _check_indices("batch_sampler", batch, cfg)
    if batch_sampler is not None:
        args["batch_sampler"] = batch_sampler
        for replaced in ("batch_size", "shuffle", "drop_last"):
            args.pop(replaced, None)
    elif sampler is not None:
        args["sampler"] = sampler
        args.pop("shuffle", None)


def _tuning(args: dict[str, Any], cfg: Any) -> bool:
    """Take ``tune`` out of the arguments; a loader that is tuned begins with a worker for each core."""
    tune = args.pop("tune", None)
    if tune not in (None, "auto"):
        raise ConfigError(
            f"tune must be 'auto' or None, got {brief(tune)}", where=locate(cfg, "tune"), key="tune"
        )
    if tune:
        args["num_workers"] = usable_cores()
        args.pop("prefetch_factor", None)
    return tune is not None


def _add_functions(args: dict[str, Any], cfg: Any) -> None:
    """Resolve the functions that are named."""
    args["collate_fn"] = _function(args.pop("collate_fn", "pseudo_collate"), cfg, "collate_fn")
    if args.get("num_workers"):
        then = args.get("worker_init_fn")
        given = None if then is None else _function(then, cfg, "worker_init_fn")
        args["worker_init_fn"] = partial(_start_worker, given, Inherited.of_this_process())


def _leave_out_idle(args: dict[str, Any]) -> None:
    """Take out what would have no effect, about which torch warns or complains."""
    args.pop("disable_subprocess_warning", None)
    if isinstance(workers := args.get("num_workers", 0), int) and workers > 0:
        args["num_workers"] = _no_more_than_cores(workers, usable_cores())
    if args.get("num_workers", 0) == 0:
        for name in FOR_WORKERS:
            args.pop(name, None)
    if not torch.accelerator.is_available():
        args.pop("pin_memory", None)


@cache
def _no_more_than_cores(workers: int, cores: int) -> int:
    """Return the number of data workers, at most one for each core; say once if that is fewer than asked."""
    if workers > cores:
        get_logger().info(f"num_workers={workers} is more than the {cores} CPU cores here: {cores} are used.")
    return min(workers, cores)


def _start_worker(then: Callable[[int], None] | None, switches: Inherited, number: int) -> None:
    """Keep a data worker out of what is sent to the whole group of the run, and do what the user wants.

    Ctrl-C, ``timeout`` and torchrun signal to a group. The run needs its workers until it has saved, and it
    ends them itself.
    """
    os.setpgrp()
    parent = multiprocessing.parent_process()
    if parent is not None and os.name == "posix" and os.getppid() != parent.pid:
        os._exit(1)  # the run was killed a moment ago, which torch's own watch would not notice any more
    switches.apply()
    if then is not None:
        then(number)


def _check_indices(name: str, sampler: Any, cfg: Any) -> None:
    """Check that what a config lists in place of a sampler, or of one of its batches, are indices."""
    listed = isinstance(sampler, (list, tuple, set, frozenset))
    indices = listed and all(isinstance(index, int) and index >= 0 for index in sampler)
    if (listed or name == "batch_sampler") and (not indices or not sampler):
        message = f"The {name} of a data loader must give indices of samples, got {brief(cfg[name])}"
        hint = "Give a dict with a 'type', such as dict(type='DefaultSampler', shuffle=True)."
        raise ArgumentError(message, where=locate(cfg, name), hint=hint, key=name)


def _no_part(name: str, value: Any, cfg: Any) -> ArgumentError:
    message = f"The {name} of a data loader must be a dict with a 'type', got {brief(value)}"
    return ArgumentError(message, where=locate(cfg, name), key=name)


def _function(value: Any, cfg: Any, name: str) -> Any:
    """Resolve a function by name, or by a dict with further arguments.

    Args:
        value: The function, its name, or the dict.
        cfg: The config of the loader, for messages.
        name: The key in it.
    """
    if callable(value):
        return value
    if not isinstance(value, (str, Mapping)):
        raise _no_part(name, value, cfg)
    args = {"type": value} if isinstance(value, str) else dict(value)
    function = resolve_type(args.pop("type", None), FUNCTIONS, where=locate(cfg, name))
    check_accepts(function, args, cfg=value)
    return partial(function, **args) if args else function


class _Slice(Dataset):
    """The first samples of a data set, for trying things out.

    Args:
        dataset: The data set.
        length: How many samples to show of it.
    """

    def __init__(self, dataset: Any, length: int) -> None:
        self._dataset = dataset
        self._length = min(length, len(dataset))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_dataset":
            raise AttributeError(name)
        return getattr(self._dataset, name)

    def __getitem__(self, index: int) -> Any:
        return self._dataset[index]

    def __len__(self) -> int:
        return self._length
