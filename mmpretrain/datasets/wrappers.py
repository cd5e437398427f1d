"""Data sets made of other data sets."""

from __future__ import annotations

import bisect
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from mmpretrain.datasets.base_dataset import BaseDataset
from mmpretrain.datasets.labels import single_labels
from mmpretrain.datasets.metainfo import Described
from mmpretrain.datasets.splitting import deal
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import DATASETS


class DatasetWrapper(Described, Dataset):
    """A data set that hands out the samples of others under new indices.

    A subclass says in :meth:`locate` which sample of which data set an index stands for.

    Args:
        datasets: The wrapped data sets, or their configs.
        lazy_init: Wait with reading the annotations until they are needed.
    """

    def __init__(self, datasets: Sequence[Any], lazy_init: bool = False) -> None:
        if not datasets:
            raise ConfigError(f"{type(self).__name__} needs at least one data set")
        self.datasets = [DATASETS.build(item) for item in datasets]
        self._metainfo = self.datasets[0].metainfo
        self._fully_initialized = False
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Read the annotations, unless that was done before."""
        if not self._fully_initialized:
            for dataset in self.datasets:
                dataset.full_init()
            self._metainfo = self.datasets[0].metainfo
            self._fully_initialized = True
            self.prepare()

    def prepare(self) -> None:
        """Compute what :meth:`locate` needs."""

    def locate(self, idx: int) -> tuple[Any, int]:
        """Return the data set that holds the sample ``idx`` (which is not negative), and its index there."""
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def _resolve(self, idx: int) -> tuple[Any, int]:
        size = len(self)
        if not -size <= idx < size:
            raise IndexError(f"sample {idx} of {size}")
        return self.locate(idx + size if idx < 0 else idx)

    def __getitem__(self, idx: int) -> Any:
        dataset, inner = self._resolve(idx)
        return dataset[inner]

    def get_data_info(self, idx: int) -> dict:
        """The record of a sample."""
        dataset, inner = self._resolve(idx)
        return dataset.get_data_info(inner)

    def get_cat_ids(self, idx: int) -> list[int]:
        """The labels of a sample."""
        dataset, inner = self._resolve(idx)
        return dataset.get_cat_ids(inner)

    def get_gt_labels(self) -> np.ndarray:
        """The label of every sample, (N,)."""
        return np.array([self.get_data_info(idx)["gt_label"] for idx in range(len(self))])

    @property
    def bad_files(self) -> str | None:
        """Where unreadable files are listed."""
        return self.datasets[0].bad_files

    @bad_files.setter
    def bad_files(self, path: str | None) -> None:
        for dataset in self.datasets:
            dataset.bad_files = path

    def get_subset_(self, indices: int | Sequence[int]) -> None:
        """Refuse: take a subset of the wrapped data set instead."""
        raise NotImplementedError(f"{type(self).__name__} has no subsets: take them of the wrapped data set")

    def get_subset(self, indices: int | Sequence[int]) -> Any:
        """Refuse: take a subset of the wrapped data set instead."""
        return self.get_subset_(indices)

    def __repr__(self) -> str:
        size = f"Number of samples: \t{len(self)}" if self._fully_initialized else "Haven't been initialized"
        inner = [line for dataset in self.datasets for line in repr(dataset).splitlines()]
        return "\n    ".join([f"Dataset {type(self).__name__}", size, *inner])


@DATASETS.register_module()
class ConcatDataset(DatasetWrapper):
    """Several data sets one after the other.

    Args:
        datasets: The data sets, or their configs. Their meta information must be equal.
        lazy_init: Wait with reading the annotations until they are needed.
        ignore_keys: Keys of the meta information that may differ.
    """

    def __init__(
        self, datasets: Sequence[Any], lazy_init: bool = False, ignore_keys: str | list[str] | None = None
    ) -> None:
        if ignore_keys is not None and not isinstance(ignore_keys, (str, list)):
            raise TypeError(f"ignore_keys must be a string or a list of strings, got {ignore_keys!r}")
        self.ignore_keys = [ignore_keys] if isinstance(ignore_keys, str) else list(ignore_keys or ())
        super().__init__(datasets, lazy_init)
        for number, dataset in enumerate(self.datasets[1:], 2):
            self._compare(number, dataset.metainfo)

    def _compare(self, number: int, other: Mapping[str, Any]) -> None:
        for key in {*self._metainfo, *other} - {*self.ignore_keys}:
            if key not in other or key not in self._metainfo:
                lacking = number if key not in other else 1
                raise DataError(f"Data set {lacking} of the ConcatDataset has no {key!r}", hint=_IGNORE)
            if not np.array_equal(self._metainfo[key], other[key]):
                raise DataError(
                    f"Data set {number} of the ConcatDataset differs from the first in {key!r}: "
                    f"{_short(other[key])} instead of {_short(self._metainfo[key])}",
                    hint=_IGNORE,
                )

    def prepare(self) -> None:
        self.cumulative_sizes = list(accumulate(map(len, self.datasets)))

    def locate(self, idx: int) -> tuple[Any, int]:
        which = bisect.bisect_right(self.cumulative_sizes, idx)
        return self.datasets[which], idx - (self.cumulative_sizes[which - 1] if which else 0)

    def get_gt_labels(self) -> np.ndarray:
        return np.concatenate([dataset.get_gt_labels() for dataset in self.datasets])

    def __len__(self) -> int:
        self.full_init()
        return self.cumulative_sizes[-1]


_IGNORE = "Give the data sets the same metainfo, or list the key in ignore_keys."


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


class SingleWrapper(DatasetWrapper):
    """A wrapper of one data set.

    Args:
        dataset: The data set, or its config.
        lazy_init: Wait with reading the annotations until they are needed.
    """

    def __init__(self, dataset: Any, lazy_init: bool = False) -> None:
        super().__init__([dataset], lazy_init)

    @property
    def dataset(self) -> Any:
        """What is wrapped."""
        return self.datasets[0]


@DATASETS.register_module()
class RepeatDataset(SingleWrapper):
    """A data set several times over, for longer epochs.

    Args:
        dataset: The data set, or its config.
        times: How often.
        lazy_init: Wait with reading the annotations until they are needed.
    """

    def __init__(self, dataset: Any, times: int, lazy_init: bool = False) -> None:
        self.times = times
        super().__init__(dataset, lazy_init)

    def locate(self, idx: int) -> tuple[Any, int]:
        return self.dataset, idx % len(self.dataset)

    def get_gt_labels(self) -> np.ndarray:
        return np.tile(self.dataset.get_gt_labels(), self.times)

    def __len__(self) -> int:
        return self.times * len(self.dataset)


@DATASETS.register_module()
class ClassBalancedDataset(SingleWrapper):
    """A data set in which samples of rare classes come several times.

    A class with the share ``f`` of the samples is repeated ``max(1, sqrt(oversample_thr / f))`` times,
    rounded up; a sample of several classes counts for the rarest (Gupta et al., LVIS, 2019,
    https://arxiv.org/abs/1908.03195).

    Args:
        dataset: The data set, or its config; it has ``get_cat_ids``.
        oversample_thr: Share of the samples below which a class is rare.
        lazy_init: Wait with reading the annotations until they are needed.
    """

    def __init__(self, dataset: Any, oversample_thr: float, lazy_init: bool = False) -> None:
        self.oversample_thr = oversample_thr
        super().__init__(dataset, lazy_init)

    def prepare(self) -> None:
        classes = [set(self.dataset.get_cat_ids(idx)) for idx in range(len(self.dataset))]
        counts = Counter(label for several in classes for label in several)
        factor = {
            label: max(1.0, math.sqrt(self.oversample_thr * len(classes) / count))
            for label, count in counts.items()
        }
        times = [math.ceil(max((factor[label] for label in several), default=1.0)) for several in classes]
        self.repeat_indices = np.repeat(np.arange(len(times)), times).tolist()

    def locate(self, idx: int) -> tuple[Any, int]:
        return self.dataset, self.repeat_indices[idx]

    def __len__(self) -> int:
        self.full_init()
        return len(self.repeat_indices)


@DATASETS.register_module()
class KFoldDataset(SingleWrapper):
    """One of several equal parts of a data set, or everything but it, for cross-validation.

    Args:
        dataset: The data set, or its config.
        fold: Which part is held out, from 0.
        num_splits: How many parts.
        test_mode: Whether to be the part that is held out, or the rest.
        seed: Seed of the shuffle; None is 0, so that all folds of an experiment fit together.
        stratified: Give every part the same share of each class.
        group_by: Keep samples together that agree in this: a key of the record, or a function of the record.
        shuffle: False cuts the data set as it is, which is rarely right: files are mostly sorted by class.
    """

    def __init__(
        self,
        dataset: Any,
        fold: int = 0,
        num_splits: int = 5,
        test_mode: bool = False,
        seed: int | None = None,
        stratified: bool = False,
        group_by: str | Callable[[dict], Any] | None = None,
        shuffle: bool = True,
    ) -> None:
        if not 0 <= fold < num_splits:
            raise ConfigError(f"fold must be from 0 to {num_splits - 1}, got {fold}", key="fold")
        self.fold, self.num_splits, self.test_mode = fold, num_splits, test_mode
        self.seed, self.stratified, self.group_by, self.shuffle = seed, stratified, group_by, shuffle
        lazy = isinstance(dataset, Mapping) and bool(dataset.get("lazy_init", False))
        super().__init__(dataset, lazy)

    def prepare(self) -> None:
        whole = self.dataset
        if not isinstance(whole, BaseDataset):
            raise ConfigError(f"KFoldDataset wraps plain data sets, not a {type(whole).__name__}")
        if len(whole) < self.num_splits:
            raise DataError(
                f"{len(whole)} samples cannot be split into {self.num_splits} folds",
                hint="Add images, or set images apart for validation yourself.",
            )
        self._ori_indices = self._indices()
        self.datasets = [whole.get_subset(self._ori_indices)]
        self.datasets[0].test_mode = self.test_mode or whole.test_mode

    def _indices(self) -> list[int]:
        size = len(self.dataset)
        order = np.arange(size)
        if self.shuffle:
            order = list(range(size))
            np.random.default_rng(self.seed or 0).shuffle(order)
            order = np.array(order)
        if not self.stratified and self.group_by is None:
            start, end = (size * part // self.num_splits for part in (self.fold, self.fold + 1))
            held_out = np.zeros(size, bool)
            held_out[start:end] = True
        else:
            held_out = self._assign(order) == self.fold
        return order[held_out if self.test_mode else ~held_out].tolist()

    def _assign(self, order: np.ndarray) -> np.ndarray:
        """The fold of each sample in ``order``; :func:`deal` is for groups and samples of several classes."""
        labels = single_labels(self.dataset) if self.stratified and self.group_by is None else None
        if labels is not None:  # deal them out class by class
            folds = np.empty(len(order), int)
            folds[np.argsort(labels[order], kind="stable")] = np.arange(len(order)) % self.num_splits
            return folds
        classes = [self._classes(idx) for idx in order.tolist()]
        groups = order.tolist() if self.group_by is None else [self._group(idx) for idx in order.tolist()]
        if len(set(groups)) < self.num_splits:
            raise DataError(
                f"{len(set(groups))} groups ({self.group_by}) cannot be split into {self.num_splits} folds"
            )
        return deal(classes, groups, [1 / self.num_splits] * self.num_splits)

    def _classes(self, idx: int) -> tuple[int, ...]:
        """What stratified folds have equal shares of; samples without a label are alike."""
        labelled = self.stratified and self.dataset.get_data_info(idx).get("gt_label") is not None
        return tuple(self.dataset.get_cat_ids(idx)) if labelled else ()

    def _group(self, idx: int) -> Any:
        record = self.dataset.get_data_info(idx)
        if callable(self.group_by):
            return self.group_by(record)
        if self.group_by not in record:
            raise ConfigError(
                f"group_by={self.group_by!r} is not a key of a record: {sorted(record)}", key="group_by"
            )
        return record[self.group_by]

    def locate(self, idx: int) -> tuple[Any, int]:
        return self.dataset, idx

    def get_gt_labels(self) -> np.ndarray:
        self.full_init()
        return self.dataset.get_gt_labels()

    def __len__(self) -> int:
        self.full_init()
        return len(self.dataset)

    def __repr__(self) -> str:
        body = [
            f"Dataset {type(self).__name__}",
            f"Type: \t{'test' if self.test_mode else 'training'}",
            f"Seed: \t{self.seed}",
            f"Fold: \t{self.fold + 1} of {self.num_splits}",
            f"Number of samples: \t{len(self)}" if self._fully_initialized else "Haven't been initialized",
            f"Number of categories: \t{len(self.CLASSES)}" if self.CLASSES else "No class names are set.",
            f"Original dataset type:\t{type(self.dataset).__name__}",
        ]
        return "\n    ".join(body)
