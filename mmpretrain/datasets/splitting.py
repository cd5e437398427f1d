"""Dividing samples so that each part has its share of every class, and no picture is in two parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence

import numpy as np

from mmpretrain.datasets.fingerprints import Fingerprints
from mmpretrain.datasets.near_duplicates import Groups, duplicate_groups


def deal(
    classes: Sequence[Collection[Hashable]],
    groups: Sequence[Hashable] | None,
    shares: Sequence[float],
    *,
    keep_first: bool = False,
) -> np.ndarray:
    """Deal samples out to parts, each group to where it is needed most, the largest first.

    Rare classes count as much as common ones; samples may have several (compare Sechidis et al., 2011,
    https://doi.org/10.1007/978-3-642-23808-6_10).

    Args:
        classes: The classes of each sample.
        groups: Samples of equal group stay together; None if each may go anywhere.
        shares: The share of each part, which add up to 1.
        keep_first: The first group of each class goes to the first part, which trains on it.

    Returns:
        The part of each sample, (N,).
    """
    members: dict[Hashable, list[int]] = {}
    for position in range(len(classes)):
        members.setdefault(position if groups is None else groups[position], []).append(position)
    sizes = Counter(label for several in classes for label in set(several))
    column = {label: number for number, label in enumerate(sizes)}
    total = np.array([*sizes.values(), len(classes)], float)  # the last column counts samples
    share = np.asarray(shares, float)
    counts = np.zeros((len(share), len(total)))
    parts = np.zeros(len(classes), int)
    for together in sorted(members.values(), key=len, reverse=True):
        gain = np.zeros(len(total))
        gain[-1] = len(together)
        for position in together:
            for label in classes[position]:
                gain[column[label]] += 1
        # Relative to what there is of each class, so that rare classes count as much as common ones.
        fullness = (counts / total) @ (gain / total) / share
        best = int(np.lexsort((np.arange(len(share)), counts[:, -1] / share, fullness))[0])
        if keep_first and (counts[0, :-1][gain[:-1] > 0] == 0).any():
            best = 0
        counts[best] += gain
        parts[together] = best
    return parts


def split(
    labels: Sequence[Collection[int]],
    groups: Sequence[Hashable] | None,
    share: float,
    seed: int = 0,
) -> np.ndarray:
    """Choose samples for validation: stratified, with groups kept together.

    A class of one group is trained on, and not validated.

    Args:
        labels: The classes of each sample.
        groups: Samples of equal group stay together.
        share: How much of the data is for validation, in (0, 1).
        seed: Seed of the choice.

    Returns:
        Whether each sample is for validation, (N,) bool.
    """
    order = _rare_first(labels, seed)
    parts = deal([labels[i] for i in order], _at(groups, order), (1 - share, share), keep_first=True)
    held_out = np.zeros(len(labels), bool)
    held_out[order] = parts == 1
    return held_out


def folds(
    labels: Sequence[Collection[int]], groups: Sequence[Hashable] | None, count: int, seed: int = 0
) -> np.ndarray:
    """Deal samples out to ``count`` folds of equal size: stratified, with groups kept together, (N,)."""
    order = _rare_first(labels, seed)
    result = np.zeros(len(labels), int)
    result[order] = deal([labels[i] for i in order], _at(groups, order), [1 / count] * count)
    return result


def _rare_first(labels: Sequence[Collection[int]], seed: int) -> list[int]:
    """The samples in random order, those of the rarest classes first."""
    order = np.random.default_rng(seed).permutation(len(labels)).tolist()
    sizes = Counter(label for several in labels for label in several)
    return sorted(order, key=lambda i: min((sizes[label] for label in labels[i]), default=len(labels)))


def _at(groups: Sequence[Hashable] | None, order: Sequence[int]) -> list[Hashable] | None:
    return None if groups is None else [groups[i] for i in order]


def kept_together(
    prints: Fingerprints | None, columns: Sequence[Sequence[Hashable]] = (), size: int | None = None
) -> tuple[np.ndarray, str]:
    """Return which samples must not be separated: duplicates, near-duplicates, and given groups.

    Args:
        prints: Fingerprints of the images; None if they were not looked at.
        columns: A group of each sample, such as a patient; an empty text or None is no group. Several columns
            all count.
        size: Number of samples, if there are no fingerprints.

    Returns:
        For each sample the first one of its group, (N,); and a sentence on near-duplicates, or nothing.
    """
    count = len(prints) if prints is not None else int(size or 0)
    groups, sentence = Groups(count), ""
    if prints is not None:
        roots = duplicate_groups(prints, turned=True).tolist()  # as people multiply their images
        for index, root in enumerate(roots):
            groups.join(index, root)
        doubled = count - len(set(roots))
        if doubled:
            sentence = f"{doubled} images are copies or near-duplicates of others; they stay in one part"
    for column in columns:
        first: dict[Hashable, int] = {}
        for index, name in enumerate(column):
            if name not in (None, ""):
                groups.join(index, first.setdefault(name, index))
    return groups.roots(), sentence


def class_counts(labels: Sequence[Collection[int]], count: int) -> np.ndarray:
    """Return how many samples each of ``count`` classes has, (C,)."""
    found: Mapping[int, int] = Counter(label for several in labels for label in set(several))
    return np.array([found.get(label, 0) for label in range(count)], int)
