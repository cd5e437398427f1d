"""A data loader that finds its own settings while training goes on.

What a sample is depends on (seed, epoch, index) alone, so the number of workers can change at any batch
without any change of the results. The first seconds of a run are read with one setting after another, and
the fastest one stays. What counts is the time from batch to batch, as workers and the model may compete for
the cores.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from statistics import median
from typing import Any, NamedTuple

import torch
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

from mmpretrain.engine.runner.dataloader import FOR_WORKERS, Epoch, KeyedDataLoader
from mmpretrain.errors import MMPretrainError
from mmpretrain.utils.env import usable_cores
from mmpretrain.utils.logging import get_logger
from mmpretrain.utils.seeding import preserved_rng, seed_everything

#: How long a setting is tried, in seconds, and at least so many batches.
TRIAL_SECONDS, TRIAL_BATCHES = 0.6, 6
#: So many of the best numbers of workers are tried again, in turns: other programs may have slowed a trial.
FINALISTS = 3
#: How often settings are tried before one is chosen, besides the first look at the numbers of workers.
REPEATS = 2
#: A setting that costs more processes, or more memory for batches ahead, must be faster by these factors.
GAIN, GAIN_AHEAD = 0.97, 0.99
#: Batches that a worker prepares ahead, tried once the number of workers is known.
PREFETCH = (2, 4, 8)
#: Samples that are timed one by one, and for how long at most.
SAMPLES, SAMPLE_SECONDS = 32, 1.0
#: Waiting for data for a larger share of the time is worth a cache.
WAITING = 0.1
#: Follows the last batch; a batch may be None.
_END: Any = object()


class Setting(NamedTuple):
    """How samples are loaded.

    Args:
        workers: Processes; 0 for the main process.
        prefetch: Batches that each prepares ahead.
    """

    workers: int
    prefetch: int = 2

    def __str__(self) -> str:
        ahead = f", prefetch_factor={self.prefetch}" if self.workers else ""
        return f"num_workers={self.workers}{ahead}"


class Trial(NamedTuple):
    """What came of a setting.

    Args:
        setting: The setting.
        seconds: From batch to batch.
        waiting: The share of it that was spent waiting for data.
    """

    setting: Setting
    seconds: float
    waiting: float


class Pilot:
    """Decides which setting to try next, and which to keep.

    First it tries numbers of workers, then the best of them again, then numbers of batches ahead. Of the
    trials of a setting the median counts, and settings that were tried only once do not.

    Args:
        cores: How many cores there are.

    Attributes:
        done: Whether the setting is found.
        trials: All trials so far.
        current: The setting to use.
    """

    def __init__(self, cores: int) -> None:
        steps = {0, 1, 2, 3, 4} if cores <= 4 else {0, 1, cores // 4, cores // 2, 3 * cores // 4, cores}
        self._queue = [Setting(workers) for workers in sorted(steps) if workers <= cores]
        self._stages = iter((self._the_best_again, self._with_more_ahead))
        self._counts_workers = True
        self.done = False
        self.trials: list[Trial] = []
        self.current = self._queue.pop(0)
        self._start()

    def _start(self) -> None:
        self._warm = 1 + self.current.workers * self.current.prefetch  # loaded before anyone asks for them
        self._seconds, self._waited, self._count = 0.0, 0.0, 0

    @property
    def results(self) -> list[Trial]:
        """The median of the trials of each setting, in the order of the first trials."""
        found: dict[Setting, list[Trial]] = {}
        for trial in self.trials:
            found.setdefault(trial.setting, []).append(trial)
        return [
            Trial(setting, median(t.seconds for t in trials), median(t.waiting for t in trials))
            for setting, trials in found.items()
        ]

    @property
    def best(self) -> Trial:
        """The fastest setting that was tried often, or one that costs less and is hardly slower."""
        counts = Counter(trial.setting for trial in self.trials)
        known = [
            trial for trial in self.results if counts[trial.setting] >= min(REPEATS, max(counts.values()))
        ]
        workers = min(trial.setting.workers for trial in _nearly_fastest(known, GAIN))
        alike = [trial for trial in known if trial.setting.workers == workers]
        return min(_nearly_fastest(alike, GAIN_AHEAD), key=lambda trial: trial.setting)

    def feed(self, seconds: float, waited: float) -> bool:
        """Note how long a batch took, and say whether there is another setting to use from now on.

        Args:
            seconds: From this batch to the next.
            waited: How much of it was waiting for data.
        """
        if self.done:
            return False
        if self._warm > 0:
            self._warm -= 1
            return False
        self._seconds += seconds
        self._waited += waited
        self._count += 1
        if self._seconds < TRIAL_SECONDS or self._count < TRIAL_BATCHES:
            return False
        waiting = self._waited / self._seconds
        self.trials.append(Trial(self.current, self._seconds / self._count, waiting))
        before, self.current = self.current, self._next()
        self._start()
        return self.current != before

    def _next(self) -> Setting:
        if self._counts_workers and self._is_stalled():  # more workers did not help
            self._queue.clear()
        while not self._queue:
            stage = next(self._stages, None)
            if stage is None:
                self.done = True
                return self.best.setting
            self._counts_workers = False
            self._queue = stage()
        return self._queue.pop(0)

    def _is_stalled(self) -> bool:
        """Whether the last two numbers of workers were not faster than those before."""
        before = [trial.seconds for trial in self.trials[:-2]]
        return bool(before) and all(trial.seconds > min(before) * GAIN for trial in self.trials[-2:])

    def _with_more_ahead(self) -> list[Setting]:
        workers = self.best.setting.workers
        return [Setting(workers, count) for count in PREFETCH if count != 2] * REPEATS if workers else []

    def _the_best_again(self) -> list[Setting]:
        best = sorted(self.results, key=lambda trial: trial.seconds)[:FINALISTS]
        return [trial.setting for trial in best] * REPEATS


def _nearly_fastest(trials: list[Trial], gain: float) -> list[Trial]:
    fastest = min(trial.seconds for trial in trials)
    return [trial for trial in trials if trial.seconds * gain <= fastest]


class TunedDataLoader(KeyedDataLoader):
    """A loader whose number of workers and of batches ahead are chosen in the first seconds of use.

    Args:
        dataset: A map-style data set.
        seed: The seed of the run.
        **kwargs: Arguments of :class:`torch.utils.data.DataLoader`.
    """

    def __init__(self, dataset: Any, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(dataset, seed, **kwargs)
        self._lasting = bool(kwargs.get("persistent_workers"))
        left_out = {"batch_size", "shuffle", "sampler", "batch_sampler", "drop_last", "num_workers"}
        left_out |= {"prefetch_factor", "persistent_workers", "generator", "collate_fn"}
        self._options = {key: value for key, value in kwargs.items() if key not in left_out}
        self.pilot = Pilot(usable_cores())
        self._told = self._costs_told = False
        if not self._can_be_read_again():
            get_logger().warning(
                f"The loader is not tuned: the order of {type(self.sampler).__name__} cannot be repeated."
            )

    def _can_be_read_again(self) -> bool:
        """Whether a second iterator of an epoch gives the same batches."""
        return type(self.batch_sampler) is BatchSampler and (
            hasattr(self.sampler, "skip") or type(self.sampler) is SequentialSampler
        )

    def over(self, epoch: Epoch) -> Iterator[Any]:
        """Return an iterator over the batches of an epoch that were not seen yet."""
        if not self._can_be_read_again():
            return super().over(epoch)
        return self._named(self._tuned(epoch), epoch.skip)

    def _tuned(self, epoch: Epoch) -> Iterator[Any]:
        """Yield batches; workers are replaced whenever another setting is to be used."""
        position, done = epoch.skip, False
        if not self._costs_told:
            self._costs_told = True
            self._tell_costs()
        while not done:
            self._use(self.pilot.current)
            self._batches.asked = Epoch(epoch.number, position)
            stream = self._stream()
            asked = time.perf_counter()
            while not done:
                batch = next(stream, _END)
                if batch is _END:
                    done = True
                    break
                came = time.perf_counter()
                position += 1
                yield batch
                again = time.perf_counter()
                if self.pilot.feed(again - asked, came - asked):
                    self._stop(stream)
                    break
                asked = again
                if self.pilot.done and not self._told:
                    self._told = True
                    if self._conclude():  # workers must see the cache
                        self._stop(stream)
                        break

    def _use(self, setting: Setting) -> None:
        """Load with a setting from the next iterator on."""
        now = (self._inner.num_workers, self._inner.prefetch_factor or setting.prefetch)
        if now == setting:
            return
        self.restart_workers()
        options = dict(self._options)
        if setting.workers:
            options.update(prefetch_factor=setting.prefetch, persistent_workers=self._lasting)
        else:
            options = {key: value for key, value in options.items() if key not in FOR_WORKERS}
        batches: Any = self._batches
        self._inner = DataLoader(
            self._keyed,
            batch_sampler=batches,
            num_workers=setting.workers,
            generator=self._inner.generator,
            collate_fn=self._inner.collate_fn,
            **options,
        )

    def _stop(self, stream: Any) -> None:
        """End the workers of an iterator; what they have prepared is loaded again."""
        if hasattr(stream, "_shutdown_workers"):
            stream._shutdown_workers()
        self._inner._iterator = None

    def _tell_costs(self) -> None:
        """Say what a sample and a batch cost, before settings are tried."""
        costs = measure(self.dataset, self._shown.collate_fn, self.batch_size or 1)
        if costs is not None:
            get_logger().info(f"Loader: {costs}. Settings are tried while training goes on.")

    def _conclude(self) -> bool:
        """Say what was chosen and why; return whether a cache was added."""
        best = self.pilot.best
        tried = ", ".join(f"{trial.setting}: {trial.seconds * 1e3:.1f} ms" for trial in self.pilot.results)
        cached = 0
        if best.waiting > WAITING:
            cached = sum(leaf.cache_if_it_fits() for leaf in _leaves(self.dataset))
        cache = "cache='ram', as training waits for data" if cached else "no cache"
        if not cached and best.waiting <= WAITING:
            cache += ", as training hardly waits for data"
        get_logger().info(
            f"Loader: {best.setting} chosen, {best.seconds * 1e3:.1f} ms from batch to batch, "
            f"{best.waiting:.0%} of it waiting for data; {cache}. Tried: {tried}."
        )
        return bool(cached)


def _leaves(dataset: Any) -> list[Any]:
    """The data sets inside of a wrapper that can keep pixels."""
    inner = getattr(dataset, "datasets", None)
    if isinstance(inner, list):
        return [leaf for item in inner for leaf in _leaves(item)]
    return [dataset] if hasattr(dataset, "cache_if_it_fits") else []


class Costs(NamedTuple):
    """Seconds that data cost.

    Args:
        sample: To load a sample.
        decode: To read and decode its image as a whole; None if that is not known.
        collate: To make a batch of samples.
        batch: How many samples a batch has.
    """

    sample: float
    decode: float | None
    collate: float
    batch: int

    def __str__(self) -> str:
        decode = f" (decoding its whole image: {self.decode * 1e3:.2f} ms)" if self.decode is not None else ""
        return (
            f"a sample takes {self.sample * 1e3:.2f} ms{decode}, "
            f"collating {self.batch} of them {self.collate * 1e3:.2f} ms"
        )


def measure(dataset: Any, collate: Any, batch: int) -> Costs | None:
    """Time some samples in this process, without a trace in the random generators; None if that fails."""
    samples: list[Any] = []
    decoded: list[float] = []
    numbers = torch.linspace(0, len(dataset) - 1, min(SAMPLES, len(dataset))).long().tolist()
    load = getattr(dataset, "load_image", None)
    try:
        with preserved_rng():
            start = time.perf_counter()
            for number in numbers:
                seed_everything(0, number)
                samples.append(dataset[number])
                if time.perf_counter() - start > SAMPLE_SECONDS:
                    break
            sample = (time.perf_counter() - start) / len(samples)
            for number in numbers[: len(samples) // 2 + 1]:
                if load is None:
                    break
                start = time.perf_counter()
                load(number)
                decoded.append(time.perf_counter() - start)
            kept = [item for item in samples if item is not None]
            full = (kept * (batch // max(len(kept), 1) + 1))[:batch]
            start = time.perf_counter()
            collate(full)
            collated = time.perf_counter() - start
    except (MMPretrainError, OSError):  # training reports it, with the name of the file
        return None
    return Costs(sample, sum(decoded) / len(decoded) if decoded else None, collated, batch)
