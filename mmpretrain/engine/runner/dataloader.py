"""Loading batches such that a sample's randomness depends on (seed, epoch, index) and on nothing else.

The sampler deals out indices in the main process. On their way to the workers, each one is joined by the
epoch, and whoever loads the sample seeds the random generators from that key first. So augmentation is the
same with any number of workers, and a resumed run can start in mid-epoch without loading what came before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from mmpretrain.engine.runner.failures import Carrying, Failure, load_samples
from mmpretrain.errors import ArgumentError, ConfigError, TrainingError, add_note
from mmpretrain.registry import DATA_SAMPLERS, DATASETS, FUNCTIONS, check_accepts, locate, resolve_type
from mmpretrain.utils.blame import quoted
from mmpretrain.utils.brief import brief
from mmpretrain.utils.dist import get_dist_info
from mmpretrain.utils.seeding import preserved_rng, seed_everything


class SampleKey(NamedTuple):
    """What a sample's randomness depends on, besides the seed.

    Attributes:
        epoch: The epoch.
        index: Position in the data set.
        turn: How often this sample was dealt out before in this epoch, over all processes; with a sampler
            that draws with replacement, the number of the draw.
    """

    epoch: int
    index: int
    turn: int


class KeyedDataset(Dataset):
    """Seeds the generators before each sample of the data set inside.

    Args:
        dataset: Any map-style data set.
        seed: The seed of the run.
    """

    def __init__(self, dataset: Any, seed: int) -> None:
        self.dataset = dataset
        self.seed = seed

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, key: SampleKey) -> Any:
        seed_everything(self.seed, *key)
        return self.dataset[key.index]

    def __getitems__(self, keys: list[SampleKey]) -> list[Any]:
        if get_worker_info() is not None:
            return load_samples(self, keys)
        with preserved_rng():  # the main process has random numbers of its own to draw
            return load_samples(self, keys)


class KeyedBatches:
    """A batch sampler whose batches hold keys in place of indices, and that can start anywhere.

    Args:
        loader: The loader that it works for.
    """

    def __init__(self, loader: KeyedDataLoader) -> None:
        self.loader = loader

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[list[SampleKey]]:
        loader = self.loader
        epoch, skip, loader.skip = loader.epoch, loader.skip, 0
        batches: Any = loader.batch_sampler
        sampler: Any = loader.sampler
        position = 0
        if skip and type(batches) is torch.utils.data.BatchSampler and hasattr(sampler, "skip"):
            position = skip * batches.batch_size
            sampler.skip(position)
            stream = iter(batches)
        else:
            stream = iter(batches)
            position = sum(len(batch) for batch in islice(stream, skip))
        rank, world_size = get_dist_info()
        repeats = getattr(sampler, "num_repeats", 1)
        replacing = getattr(loader.sampler, "with_replacement", False)
        size = max(len(loader.dataset), 1)  # type: ignore[arg-type]
        for batch in stream:
            keys = []
            for index in batch:
                place = position * world_size + rank
                turn = place if replacing else place % repeats if repeats > 1 else place // size
                keys.append(SampleKey(epoch, index, turn))
                position += 1
            yield keys


class KeyedDataLoader(DataLoader):
    """A loader with exact, immediate resumption; to the outside, an ordinary one.

    Args:
        dataset: A map-style data set.
        seed: The seed of the run.
        **kwargs: Arguments of :class:`torch.utils.data.DataLoader`.
    """

    def __init__(self, dataset: Any, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(dataset, **kwargs)
        self.epoch = 0
        self.skip = 0
        for used_up in ("batch_size", "shuffle", "sampler", "batch_sampler", "drop_last"):
            kwargs.pop(used_up, None)
        # The inner loader must not draw from the main process's generators, or resuming would shift them.
        kwargs.setdefault("generator", torch.Generator().manual_seed(seed))
        batches: Any = KeyedBatches(self)
        kwargs["collate_fn"] = Carrying(self.collate_fn)
        self._inner = DataLoader(KeyedDataset(dataset, seed), batch_sampler=batches, **kwargs)

    def start(self, epoch: int, skip: int = 0) -> None:
        """Say which epoch the next iteration is, and how many of its batches were seen already."""
        self.epoch, self.skip = epoch, skip

    def reseed(self, seed: int) -> None:
        """Take another seed, that of the run which is resumed."""
        self._inner.dataset.seed = seed  # type: ignore[attr-defined]
        for sampler in (self.sampler, getattr(self.batch_sampler, "sampler", None)):
            if hasattr(sampler, "seed"):
                sampler.seed = seed  # type: ignore[union-attr]

    def restart_workers(self) -> None:
        """Let the next iteration start new workers, which see changes of the data set's pipeline."""
        iterator = self._inner._iterator
        if iterator is not None:
            iterator._shutdown_workers()  # type: ignore[attr-defined]
            self._inner._iterator = None

    def __iter__(self) -> Any:
        number = self.skip
        try:
            for batch in self._arriving():
                if isinstance(batch, Failure):
                    batch.throw()
                yield batch
                number += 1
        except Exception as error:
            add_note(error, f"This was batch {number + 1} of {len(self)}")
            raise

    def _arriving(self) -> Any:
        """Yield what comes from the workers, or say that one of them has died."""
        try:
            yield from self._inner
        except (ConnectionError, EOFError, FileNotFoundError) as error:
            # A worker that dies may do so while it hands a batch over. Errors from inside of one say so.
            if self._inner.num_workers == 0 or "DataLoader worker" in str(error):
                raise
            raise _worker_died(error) from error

    def __len__(self) -> int:
        return len(self.batch_sampler)  # type: ignore[arg-type]


@contextmanager
def worker_deaths_explained() -> Iterator[None]:
    """Say what it means that a data worker has died, which torch may say anywhere in the main process."""
    try:
        yield
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise _worker_died(error) from error


def _worker_died(error: Exception) -> TrainingError:
    return TrainingError(
        f"A data worker has died ({str(error).partition(chr(10))[0]})",
        hint="Often memory ran out: use fewer num_workers. num_workers=0 shows the error itself.",
    )


def start_epoch(loader: Any, epoch: int, skip: int = 0) -> Iterator[Any]:
    """Return an iterator over the rest of an epoch, for a loader of any kind.

    A loader that somebody else built cannot skip: what was seen is loaded once more and thrown away.
    """
    if isinstance(loader, KeyedDataLoader):
        loader.start(epoch, skip)
        return iter(loader)
    return islice(iter(loader), skip, None)


def stop_workers(loader: Any) -> None:
    """End the workers that a loader keeps between epochs; if it is used again, it starts new ones."""
    if isinstance(loader, KeyedDataLoader):
        loader.restart_workers()


def _start_worker(then: Callable[[int], None] | None, number: int) -> None:
    """Keep a data worker out of what is sent to the whole group of the run, and do what the user wants.

    Ctrl-C, ``timeout`` and torchrun signal to a group. The run needs its workers until it has saved, and it
    ends them itself.
    """
    os.setpgrp()
    if then is not None:
        then(number)


def is_infinite(loader: Any) -> bool:
    """Whether a loader goes on from pass to pass by itself."""
    sampler = getattr(loader, "sampler", None)
    return getattr(sampler, "infinite", type(sampler).__name__.startswith("Infinite"))


def build_dataloader(cfg: Any, seed: int | None = None, diff_rank_seed: bool = False) -> Any:
    """Build a loader from a ``train_dataloader`` config; a loader that is built already is returned as it is.

    Args:
        cfg: ``dataset`` and ``sampler`` (configs or objects), optionally ``batch_sampler``, ``collate_fn``,
            ``worker_init_fn``, ``num_batch_per_epoch``; the rest goes to
            :class:`torch.utils.data.DataLoader`.
        seed: The seed of the run.
        diff_rank_seed: Let each process draw a sampler seed of its own.
    """
    if not isinstance(cfg, dict):
        return cfg
    args = dict(cfg)
    dataset = args.pop("dataset", None)
    if isinstance(dataset, dict):
        dataset = DATASETS.build(dataset)
    if not hasattr(dataset, "__getitem__") or isinstance(dataset, (str, bytes, type)):
        raise _no_part("dataset", dataset, cfg)
    if hasattr(dataset, "full_init"):
        dataset.full_init()
    if (batches := args.pop("num_batch_per_epoch", None)) is not None:
        dataset = _Slice(dataset, batches * args["batch_size"] * get_dist_info()[1])
    sampler = args.pop("sampler", None)
    if isinstance(sampler, dict):
        defaults = dict(dataset=dataset, seed=None if diff_rank_seed else seed)
        sampler = DATA_SAMPLERS.build(sampler, default_args=defaults)
    if sampler is not None and (isinstance(sampler, (str, type)) or not hasattr(sampler, "__iter__")):
        raise _no_part("sampler", sampler, cfg)
    batch_sampler = args.pop("batch_sampler", None)
    if isinstance(batch_sampler, dict):
        defaults = dict(sampler=sampler, batch_size=args.pop("batch_size"))
        batch_sampler = DATA_SAMPLERS.build(batch_sampler, default_args=defaults)
    args.pop("disable_subprocess_warning", None)
    if args.get("num_workers", 0) == 0:
        args.pop("persistent_workers", None)
        args.pop("prefetch_factor", None)
    if not torch.accelerator.is_available():
        args.pop("pin_memory", None)  # no device would profit, and torch warns
    args["collate_fn"] = _function(args.pop("collate_fn", "pseudo_collate"), cfg, "collate_fn")
    if args.get("num_workers"):
        then = args.get("worker_init_fn")
        args["worker_init_fn"] = partial(
            _start_worker, None if then is None else _function(then, cfg, "worker_init_fn")
        )
    if batch_sampler is not None:
        args["batch_sampler"] = batch_sampler
        for replaced in ("batch_size", "shuffle", "drop_last"):
            args.pop(replaced, None)
    elif sampler is not None:
        args["sampler"] = sampler
        args.pop("shuffle", None)
    if isinstance(dataset, IterableDataset) or args.get("batch_size", 1) is None:
        return DataLoader(dataset, **args)
    rank_seed = (seed or 0) + (get_dist_info()[0] if diff_rank_seed else 0)
    try:
        loader = KeyedDataLoader(dataset, seed=rank_seed, **args)
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
