"""Auditing a data set: each image is read once for its fingerprint, and once for what is measured of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmpretrain.audit.copies import find_copies
from mmpretrain.audit.findings import Audit, Finding
from mmpretrain.audit.labels import (
    better_than_chance,
    find_outliers,
    find_wrong_labels,
    out_of_fold,
    pixel_features,
)
from mmpretrain.audit.pictures import find_odd_images
from mmpretrain.audit.samples import Samples
from mmpretrain.datasets.fingerprints import Fingerprints, fingerprints_of
from mmpretrain.datasets.near_duplicates import duplicate_groups
from mmpretrain.reports.images import measure

#: The largest class has so many times the images of the smallest: that is worth a note.
UNBALANCED = 10
#: Classes with fewer images are named.
FEW = 10
#: Said where predictions know nothing about labels: each of them would be suspected.
UNTOLD = (
    "Labels are not checked: predictions from these features are no better than naming the largest class. "
    "--model uses the features of a model."
)
#: Out-of-fold predictions of so many classes at most.
MAX_CLASSES = 2000

#: Goes through items and shows how far it is.
Watch = Callable[[Iterable[Any]], Iterable[Any]]


def audit(
    samples: Samples,
    *,
    features: Tensor | None = None,
    probs: Tensor | None = None,
    basis: str = "",
    turned: bool = False,
    watch: Watch | None = None,
) -> Audit:
    """Look for everything that is odd about a data set.

    Args:
        samples: The samples.
        features: Features (N, D) of a model; by default those of thumbnails of 16 x 16 pixels.
        probs: Probabilities (N, C) of classes, NaN where there are none, by a model that has not been trained
            on the sample; by default, those of a quick classifier on the features, out of fold.
        basis: What features or probabilities come from, for people.
        turned: Count mirrored and turned pictures as duplicates, too.
        watch: Shows how far reading is, such as a progress bar.
    """
    prints = Fingerprints.join(*(fingerprints_of(dataset, watch) for dataset in samples.datasets))
    notes = [*balance(samples)]
    findings = [
        Finding("unreadable", index, detail=str(getattr(error, "message", error)))
        for index, error in prints.errors.items()
    ]
    findings += find_copies(samples, prints, turned=turned)
    sources = [None if index in prints.errors else samples.picture(index) for index in range(len(samples))]
    facts = iter(measure([source for source in sources if source is not None], "measure"))
    findings += find_odd_images([None if source is None else next(facts) for source in sources])
    if features is None:
        features = pixel_features(prints)
        basis = basis or "thumbnails of 16 x 16 grey pixels; --model uses the features of a model instead"
    readable = np.array([index not in prints.errors for index in range(len(samples))], bool)
    findings += _moved(find_outliers(features[readable]), readable)
    if samples.values:
        notes.append("Samples have numbers, which are not checked.")
    elif not samples.single:
        notes.append("Samples have several labels, which are not checked.")
    elif len(samples.classes) > MAX_CLASSES:
        notes.append(f"Labels are not checked, as there are more than {MAX_CLASSES} classes.")
    elif len(set(samples.labels)) > 1 and readable.sum() > len(samples.classes):
        if probs is None:
            groups = duplicate_groups(prints.take(np.flatnonzero(readable)), turned=turned)
            found = out_of_fold(features[readable], samples.targets()[readable], groups.tolist())
        else:
            readable &= ~probs.isnan().any(1).numpy()
            found = probs[torch.from_numpy(readable)]
        targets = samples.targets()[readable]
        if better_than_chance(found, targets):
            findings += _moved(find_wrong_labels(found, targets), readable)
        else:
            notes.append(UNTOLD)
    return Audit(samples, tuple(findings), tuple(notes), basis)


def _moved(findings: Iterable[Finding], kept: np.ndarray) -> Iterator[Finding]:
    """Give findings about some of the samples their numbers among all."""
    places = np.flatnonzero(kept)
    for one in findings:
        yield Finding(one.kind, int(places[one.index]), one.score, one.other, one.suggested, one.detail)


def balance(samples: Samples) -> Iterator[str]:
    """Say which classes have few images, or none."""
    for number, part in enumerate(samples.parts):
        counts = Counter(
            label for place in np.flatnonzero(samples.part == number) for label in samples.labels[place]
        )
        sizes = {name: counts[label] for label, name in enumerate(samples.classes)}
        missing = [name for name, size in sizes.items() if not size]
        if missing:
            yield f"{part}: no image of {_listed(missing)}."
        few = [f"{name} ({size})" for name, size in sizes.items() if 0 < size < FEW]
        if few:
            yield f"{part}: fewer than {FEW} images of {_listed(few)}."
        present = [size for size in sizes.values() if size]
        if present and max(present) >= UNBALANCED * min(present):
            largest, smallest = max(sizes, key=sizes.__getitem__), min(present)
            yield f"{part}: {largest} has {max(present)} images, the smallest class {smallest}."


def _listed(names: list[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
