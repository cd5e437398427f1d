"""Labels that predictions contradict, and images unlike all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from mmpretrain.audit.findings import Finding
from mmpretrain.datasets.fingerprints import Fingerprints
from mmpretrain.datasets.splitting import deal
from mmpretrain.evaluation.functional.label_quality import find_label_suspects
from mmpretrain.evaluation.functional.neighbors import knn_scores
from mmpretrain.evaluation.functional.probe import logistic_regression

FOLDS = 5
#: Neighbours that vote on a class, and that tell how far an image is from others.
VOTERS, NEAR = 10, 5
#: An outlier is so many times as far beyond the third quartile as that is from the first one.
FAR = 3.0
#: Sets of more images are classified without a kernel.
MAX_BANK = 50_000
#: Neighbours are looked for among so many images at most, so that the time grows with the number of images.
MAX_NEIGHBOURHOOD = 8192
#: Classes with fewer images than this cannot be learned from all folds.
FEWEST = 2


def pixel_features(prints: Fingerprints) -> Tensor:
    """Return the grey thumbnails and the tint of images, (N, 258)."""
    thumbs = prints.thumbs.reshape(len(prints), -1).astype(np.float32) / 255
    return torch.from_numpy(np.concatenate([thumbs, prints.tints / 255], axis=1).astype(np.float32))


def out_of_fold(features: Tensor, labels: np.ndarray, groups: Sequence[int], folds: int = FOLDS) -> Tensor:
    """Return probabilities of classes by classifiers that have not seen the sample, (N, C).

    The mean of logistic regression on random features of a Gaussian kernel (`Rahimi and Recht
    <https://papers.nips.cc/paper/3182>`_) and of the votes of ten neighbours. Pictures of one group are in
    one fold.

    Args:
        features: (N, D).
        labels: Classes (N,).
        groups: A number for each sample; those of near-duplicates are the same.
        folds: How many folds.
    """
    count = int(labels.max()) + 1
    parts = deal([(int(label),) for label in labels], list(groups), [1 / folds] * folds)
    targets = torch.from_numpy(labels)
    centred = features - features.mean(0)
    lifted = _kernel_features(centred)
    probs = torch.full((len(labels), count), 1 / count)
    for fold in range(folds):
        held = torch.from_numpy(parts == fold)
        if not held.any() or len(targets[~held].unique()) < FEWEST:
            continue
        probe = logistic_regression(lifted[~held], targets[~held], count, penalties=(1e-2,))
        bank, known = centred[~held], targets[~held]
        step = -(-len(bank) // MAX_NEIGHBOURHOOD)
        votes = knn_scores(centred[held], bank[::step], known[::step], count, ks=(VOTERS,))[VOTERS]
        probs[held] = (probe(lifted[held]).softmax(1) + votes) / 2
    return probs


def _kernel_features(centred: Tensor, size: int = 1000) -> Tensor:
    """Return features (N, 1000) whose products are about a Gaussian kernel; of large sets, as they are."""
    if len(centred) > MAX_BANK:
        return centred
    some = centred[:: -(-len(centred) // 500)]
    width = torch.cdist(some, some).median().clamp(min=1e-6) / 1.5
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(centred.shape[1], size, generator=generator) / width
    return torch.cos(centred @ directions + 2 * torch.pi * torch.rand(size, generator=generator))


def find_wrong_labels(probs: Tensor, labels: np.ndarray) -> Iterator[Finding]:
    """Find labels that are probably wrong, by confident learning; see :func:`find_label_suspects`.

    Args:
        probs: Probabilities (N, C) by a model that has not seen the sample, or not often.
        labels: (N,).
    """
    suspects = find_label_suspects(probs, torch.from_numpy(labels))
    for index, suggested, score in zip(*(column.tolist() for column in suspects)):
        detail = f"{probs[index, suggested]:.2f} against {probs[index, int(labels[index])]:.2f}"
        yield Finding("label", index, score, suggested=suggested, detail=detail)


def find_outliers(features: Tensor) -> Iterator[Finding]:
    """Find images that are far from their neighbours, compared with how far others are.

    Args:
        features: (N, D).
    """
    if len(features) <= NEAR:
        return
    step = -(-len(features) // MAX_NEIGHBOURHOOD)
    bank = features[::step]
    nearest = torch.cat([_nearest(chunk, bank) for chunk in features.split(256)])
    inside = torch.arange(len(features)) % step == 0  # the nearest neighbour of these is themselves
    distances = torch.where(inside, nearest[:, NEAR], nearest[:, NEAR - 1])
    logs = distances.clamp(min=1e-6).log()
    low, high = torch.quantile(logs, torch.tensor([0.25, 0.75]))
    spread = (high - low).clamp(min=1e-3)
    for index in (logs > high + FAR * spread).nonzero().flatten().tolist():
        times = float((logs[index] - logs.median()).exp())
        detail = f"{times:.1f} times as far from its neighbours as usual"
        yield Finding("outlier", index, float((logs[index] - high) / spread), detail=detail)


def _nearest(chunk: Tensor, bank: Tensor) -> Tensor:
    """Distances to the nearest images, in rising order, (B, 6)."""
    return torch.cdist(chunk, bank).topk(NEAR + 1, largest=False, sorted=True).values


def better_than_chance(probs: Tensor, labels: np.ndarray) -> bool:
    """Whether predictions are right more often than the most frequent class would be, and hardly by chance.

    Args:
        probs: (N, C).
        labels: (N,).
    """
    count = len(labels)
    chance = float(np.bincount(labels).max()) / count
    right = float((probs.argmax(1).numpy() == labels).mean())
    return right > chance + 2 * (chance * (1 - chance) / count) ** 0.5
