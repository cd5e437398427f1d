"""Loading batches such that a sample's randomness depends on (seed, epoch, index) and on nothing else.

The sampler deals out indices in the main process. On their way to the workers, each one is joined by the
epoch, and whoever loads the sample seeds the random generators from that key first. So augmentation is the
same with any number of workers, and a resumed run can start in mid-epoch without loading what came before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

import torch
from torch.utils.data import DataLoader, Dataset, get_worker_info

from mmpretrain.engine.runner import shared_batches
from mmpretrain.engine.runner.failures import Carrying, Failure, load_samples
from mmpretrain.engine.runner.shared_batches import Post
from mmpretrain.errors import DataError, TrainingError, add_note
from mmpretrain.utils.dist import get_dist_info
from mmpretrain.utils.seeding import mix, preserved_rng, seed_everything

#: Arguments of a loader that torch refuses, or warns about, where there are no workers.
FOR_WORKERS = ("persistent_workers", "prefetch_factor", "timeout", "multiprocessing_context")


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

    Attributes:
        sends_keys: Whether each sample gets its key as ``sample_keys``, for augmentation after the loader.
    """

    def __init__(self, dataset: Any, seed: int) -> None:
        self.dataset = dataset
        self.seed = seed
        self.sends_keys = False

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, key: SampleKey) -> Any:
        seed_everything(self.seed, *key)
        sample = self.dataset[key.index]
        return with_key(sample, self.seed, key) if self.sends_keys and sample is not None else sample

    def __getitems__(self, keys: list[SampleKey]) -> list[Any]:
        if get_worker_info() is not None:
            return load_samples(self, keys)
        with preserved_rng():  # keep the generators of the main process as they are
            return load_samples(self, keys)


def with_key(sample: Any, seed: int, key: SampleKey) -> dict[str, Any]:
    """Add to a sample what its random numbers depend on: (seed and index, epoch, turn), int64."""
    if not isinstance(sample, Mapping):
        raise DataError(
            f"batch_transforms need samples that are dicts with 'inputs', got a {type(sample).__name__}",
            hint="End the pipeline with PackInputs.",
        )
    identity = mix(seed, key.index) >> 1  # 63 bits
    return {**sample, "sample_keys": torch.tensor([identity, key.epoch, key.turn])}


class Epoch(NamedTuple):
    """Which batches to give.

    Attributes:
        number: The epoch.
        skip: How many of its batches were seen already.
    """

    number: int = 0
    skip: int = 0


class KeyedBatches:
    """A batch sampler whose batches hold keys in place of indices, and that can start anywhere.

    Args:
        batches: The batch sampler that deals out indices.
        sampler: The sampler inside of it.
        size: Number of samples of the data set.

    Attributes:
        asked: What an iteration gives, as torch passes no arguments to it.
    """

    def __init__(self, batches: Any, sampler: Any, size: int) -> None:
        self.batches = batches
        self.sampler = sampler
        self.size = max(size, 1)
        self.asked = Epoch()

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[SampleKey]]:
        return self.over(self.asked)

    def over(self, epoch: Epoch) -> Iterator[list[SampleKey]]:
        """Yield the batches of an epoch; later requests do not change them."""
        stream, position = self._from(epoch.skip)
        rank, world_size = get_dist_info()
        repeats = getattr(self.sampler, "num_repeats", 1)
        replacing = getattr(self.sampler, "with_replacement", False)
        for batch in stream:
            keys = []
            for index in batch:
                place = position * world_size + rank
                turn = place if replacing else place % repeats if repeats > 1 else place // self.size
                keys.append(SampleKey(epoch.number, index, turn))
                position += 1
            yield keys

    def _from(self, skip: int) -> tuple[Iterator[list[int]], int]:
        """Return the batches after the first ``skip``, and how many samples these had."""
        if skip and type(self.batches) is torch.utils.data.BatchSampler and hasattr(self.sampler, "skip"):
            position = skip * self.batches.batch_size
            self.sampler.skip(position)
            return iter(self.batches), position
        stream = iter(self.batches)
        return stream, sum(len(batch) for batch in islice(stream, skip))


class KeyedDataLoader:
    """A loader with exact, immediate resumption.

    Code that looks at it sees the ordinary loader of the same arguments: ``dataset``, ``sampler``,
    ``batch_size``, ``num_workers``, ..., and ``isinstance(loader, DataLoader)`` holds.

    Args:
        dataset: A map-style data set.
        seed: The seed of the run.
        **kwargs: Arguments of :class:`torch.utils.data.DataLoader`.
    """

    __class__ = DataLoader  # type: ignore[assignment]

    def __init__(self, dataset: Any, seed: int = 0, **kwargs: Any) -> None:
        shown = DataLoader(dataset, **kwargs)  # which checks the arguments, and makes the samplers
        self.dataset = dataset
        self.sampler: Any = shown.sampler
        self.batch_sampler: Any = shown.batch_sampler
        self._shown = shown
        self._batches = KeyedBatches(self.batch_sampler, self.sampler, len(dataset))
        for used_up in ("batch_size", "shuffle", "sampler", "batch_sampler", "drop_last"):
            kwargs.pop(used_up, None)
        # The inner loader must not draw from the main process's generators, or resuming would shift them.
        kwargs.setdefault("generator", torch.Generator().manual_seed(seed))
        self._carrying = kwargs["collate_fn"] = Carrying(shown.collate_fn)
        batches: Any = self._batches
        self._keyed = KeyedDataset(dataset, seed)
        self._inner = DataLoader(self._keyed, batch_sampler=batches, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name == "_shown":  # a copy that is still empty
            raise AttributeError(name)
        return getattr(self._shown, name)

    def over(self, epoch: Epoch) -> Iterator[Any]:
        """Return an iterator over the batches of an epoch that were not seen yet."""
        self._batches.asked = epoch
        return self._named(self._stream(), epoch.skip)

    def _stream(self) -> Iterator[Any]:
        """Return an iterator of the inner loader, whose workers send batches in memory that is used again."""
        workers = self._inner.num_workers if self._inner._iterator is None else 0  # workers to start
        if not workers or not shared_batches.is_possible():
            return iter(self._inner)
        self._carrying.post = Post(workers, self._inner.prefetch_factor or 2)
        stream: Any = iter(self._inner)
        stream.post, self._carrying.post = self._carrying.post, None  # lives as long as the workers
        return stream

    def reseed(self, seed: int) -> None:
        """Use the seed of the resumed run."""
        self._keyed.seed = seed
        inner: Any = getattr(self.batch_sampler, "sampler", None)
        for sampler in (self.sampler, inner):
            if hasattr(sampler, "seed"):
                sampler.seed = seed

    def send_keys(self) -> None:
        """Let samples bring their keys from now on."""
        if not self._keyed.sends_keys:
            self._keyed.sends_keys = True
            self.restart_workers()

    def restart_workers(self) -> None:
        """Let the next iteration start new workers, which see changes of the data set's pipeline."""
        iterator = self._inner._iterator
        if iterator is not None:
            iterator._shutdown_workers()  # type: ignore[attr-defined]
            self._inner._iterator = None

    @contextmanager
    def second_pass(self) -> Iterator[None]:
        """Inside, the loader can be read again while a pass is under way.

        A loader with persistent workers has one iterator, which a second pass would take over.
        """
        running, self._inner._iterator = self._inner._iterator, None
        try:
            yield
        finally:
            if running is not None:
                self._inner._iterator = running

    def __iter__(self) -> Any:
        return self.over(Epoch(self._batches.asked.number))

    def _named(self, stream: Iterator[Any], number: int) -> Iterator[Any]:
        """Yield the batches; an error says which one it was."""
        try:
            for batch in self._arriving(stream):
                if isinstance(batch, Failure):
                    batch.throw()
                yield batch
                number += 1
        except Exception as error:
            add_note(error, f"This was batch {number + 1} of {len(self)}")
            raise

    def _arriving(self, stream: Iterator[Any]) -> Iterator[Any]:
        """Yield what comes from the workers, or say that one of them has died."""
        try:
            yield from stream
        except (ConnectionError, EOFError, FileNotFoundError) as error:
            # A worker that dies may do so while it hands a batch over. Errors from inside of one say so.
            if self._inner.num_workers == 0 or "DataLoader worker" in str(error):
                raise
            raise _worker_died(error) from error

    def __len__(self) -> int:
        return len(self.batch_sampler)


@contextmanager
def worker_deaths_explained() -> Iterator[None]:
    """Explain the death of a data worker, which torch may report anywhere in the main process."""
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

    A loader of another kind cannot skip: the batches before are loaded again and dropped.
    """
    if isinstance(loader, KeyedDataLoader):
        return loader.over(Epoch(epoch, skip))
    return islice(iter(loader), skip, None)


def stop_workers(loader: object) -> None:
    """End the workers that a loader keeps between epochs; if it is used again, it starts new ones."""
    if isinstance(loader, KeyedDataLoader):
        loader.restart_workers()


def send_keys_if_needed(loader: object, model: object) -> None:
    """Let a loader send the keys of samples if the data preprocessor of a model draws from them."""
    needed = getattr(getattr(model, "data_preprocessor", None), "needs_sample_keys", False)
    if needed and isinstance(loader, KeyedDataLoader):
        loader.send_keys()


def is_infinite(loader: object) -> bool:
    """Whether a loader continues from pass to pass by itself."""
    sampler = getattr(loader, "sampler", None)
    return getattr(sampler, "infinite", type(sampler).__name__.startswith("Infinite"))
