"""Labels that predictions contradict, and images unlike all others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.audit.findings import Finding
from mmpretrain.datasets.fingerprints import Fingerprints
from mmpretrain.datasets.splitting import deal
from mmpretrain.evaluation.functional.label_quality import find_label_suspects
from mmpretrain.evaluation.functional.neighbors import knn_scores
from mmpretrain.evaluation.functional.ood import MAX_AXES, fit_gaussians, mahalanobis_distances
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
#: Most iterations of logistic regression, and most products of samples, features and classes in all of them;
#: with many classes it gets fewer iterations, and with fewer than five it is left out.
ITERATIONS, WORK, FEWEST_ITERATIONS = 100, 4e10, 5
#: Of logistic regression on the features.
PENALTY = 0.3
#: No probability is smaller: classifiers are not as sure as they say.
LEAST = 1e-3
#: Classes with fewer images than this cannot be learned from all folds.
FEWEST = 2


def pixel_features(prints: Fingerprints) -> Tensor:
    """Return the grey thumbnails and the tint of images, (N, 258)."""
    thumbs = prints.thumbs.reshape(len(prints), -1).astype(np.float32) / 255
    return torch.from_numpy(np.concatenate([thumbs, prints.tints / 255], axis=1).astype(np.float32))


def out_of_fold(features: Tensor, labels: np.ndarray, groups: Sequence[int], folds: int = FOLDS) -> Tensor:
    """Return probabilities of classes by classifiers that have not seen the sample, (N, C).

    Four classifiers: logistic regression on random features of a Gaussian kernel (`Rahimi and Recht
    <https://papers.nips.cc/paper/3182>`_), the votes of ten neighbours, Gaussians that share a shrunk
    covariance, and logistic regression on the features. Each is fitted twice, with folds drawn at random and
    with folds that keep neighbours of the list together: where these resemble each other, as pictures of one
    scene do, a wrong label accuses the others. The logarithms of all probabilities are added with the weights
    under which the labels are likeliest. Pictures of one group are in one fold. Sets of more than 50,000
    images are split once.

    Args:
        features: (N, D).
        labels: Classes (N,).
        groups: A number for each sample; those of near-duplicates are the same.
        folds: How many folds.
    """
    count = int(labels.max()) + 1
    splits = [deal([(int(label),) for label in labels], list(groups), [1 / folds] * folds)]
    if len(labels) <= MAX_BANK:
        splits.append(_in_order(labels, np.asarray(groups), folds))
    targets = torch.from_numpy(labels)
    centred = features - features.mean(0)
    lifted = _kernel_features(centred)
    size = (len(splits), len(CLASSIFIERS), len(labels), count)
    logs = torch.full(size, -math.log(count), dtype=torch.float16)
    for place, fold in product(range(len(splits)), range(folds)):
        held = torch.from_numpy(splits[place] == fold)
        if not held.any() or len(targets[~held].unique()) < FEWEST:
            continue
        known = targets[~held]
        for number, (on_kernel, classify) in enumerate(CLASSIFIERS):
            inputs = lifted if on_kernel else centred
            probs = classify(inputs[~held], known, inputs[held], count)
            logs[place, number, held] = probs.clamp(min=LEAST).log().half()
    return _added(logs.flatten(0, 1), targets).softmax(1)


def _in_order(labels: np.ndarray, groups: np.ndarray, folds: int) -> np.ndarray:
    """Cut each class into folds by its order in the list; a group is where its first sample is, (N,)."""
    parts = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        parts[places] = np.arange(len(places)) * folds // len(places)
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    return parts[first][group]


def _kernel_regression(known: Tensor, labels: Tensor, asked: Tensor, count: int) -> Tensor:
    return _linear(known, labels, asked, count, penalty=1e-2, common_scale=False)


def _regression(known: Tensor, labels: Tensor, asked: Tensor, count: int) -> Tensor:
    return _linear(known, labels, asked, count, penalty=PENALTY, common_scale=True)


def _linear(
    known: Tensor, labels: Tensor, asked: Tensor, count: int, *, penalty: float, common_scale: bool
) -> Tensor:
    """Probabilities by logistic regression; equal ones if that would take too long."""
    most = int(WORK / (known.numel() * count))
    if most < FEWEST_ITERATIONS:
        return asked.new_full((len(asked), count), 1 / count)
    probe = logistic_regression(
        known, labels, count, penalties=(penalty,), max_iter=min(ITERATIONS, most), common_scale=common_scale
    )
    return probe(asked).softmax(1)


def _votes(known: Tensor, labels: Tensor, asked: Tensor, count: int) -> Tensor:
    step = -(-len(known) // MAX_NEIGHBOURHOOD)
    return knn_scores(asked, known[::step], labels[::step], count, ks=(VOTERS,))[VOTERS]


def _gaussians(known: Tensor, labels: Tensor, asked: Tensor, count: int) -> Tensor:
    if known.shape[1] > MAX_AXES:  # directions at random, as the covariance of very many is costly
        generator = torch.Generator().manual_seed(0)
        directions = torch.randn(known.shape[1], MAX_AXES, generator=generator)
        known, asked = known @ directions, asked @ directions
    step = -(-len(known) // MAX_BANK)
    fit = fit_gaussians(known[::step], labels[::step])
    classes, sizes = labels[::step].unique(return_counts=True)
    scores = asked.new_full((len(asked), count), -math.inf)
    scores[:, classes] = sizes.log() - mahalanobis_distances(asked, fit) / 2
    return scores.softmax(1)


#: Whether a classifier takes kernel features, and what makes probabilities from known and asked features.
CLASSIFIERS: tuple[tuple[bool, Callable[[Tensor, Tensor, Tensor, int], Tensor]], ...] = (
    (True, _kernel_regression),
    (False, _votes),
    (False, _gaussians),
    (False, _regression),
)


def _added(logs: Tensor, labels: Tensor) -> Tensor:
    """Add logarithms of probabilities (K, N, C) with the weights that make labels likeliest, (N, C).

    The weights are fitted to some thousand samples: they are few.
    """
    step = -(-len(labels) // MAX_NEIGHBOURHOOD)
    some, known = logs[:, ::step].float(), labels[::step]
    weights = torch.full((len(logs), 1, 1), 1 / len(logs), requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=50, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        # The penalty is that of a sample for each weight, so that a handful of samples decide little.
        loss = F.cross_entropy((weights.abs() * some).sum(0), known)
        loss = loss + (weights - 1 / len(logs)).square().sum() / len(known)
        loss.backward()
        return loss

    with torch.enable_grad():
        optimizer.step(closure)  # type: ignore[arg-type]
    chosen = weights.detach().abs().flatten()
    total = torch.zeros(logs.shape[1:])
    for weight, part in zip(chosen, logs):
        total += weight * part.float()
    return total


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
