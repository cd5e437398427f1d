"""Facts of data, and the weights of classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmpretrain.datasets.fingerprints import Fingerprints
from mmpretrain.datasets.labelled import Labelled
from mmpretrain.finetuning.facts import DataFacts, class_weights, positive_weights


def test_facts_of_images() -> None:
    train = Labelled(("a", "b", "c", "d"), ((0,), (0,), (0,), (2,)), ("x", "y", "z"))
    prints = Fingerprints(
        np.zeros((4, 2), np.uint64), np.zeros((4, 16, 16), np.uint8), np.zeros((4, 2), np.float32),
        np.array([[10, 20], [30, 12], [14, 14], [0, 0]]), {3: OSError()},
    )  # fmt: skip
    facts = DataFacts.of(train, prints)
    assert facts == DataFacts("single", (3, 0, 1), 4, 12, True)
    assert facts.imbalance == 3
    assert facts.drawn
    colourful = replace(prints, tints=np.full((4, 2), 9, np.float32))
    assert not DataFacts.of(train, colourful).drawn
    assert DataFacts.of(train).edge is None


def test_class_weights() -> None:
    counts = [90, 10, 0]
    weights = class_weights(counts)
    assert np.dot(weights, counts) / 100 == pytest.approx(1, abs=1e-3)
    assert weights[1] / weights[0] == pytest.approx(3, rel=1e-3)
    assert all(np.isfinite(weights))
    assert class_weights([5, 5]) == [1, 1]
    full = class_weights(counts, power=1)
    assert full[1] * 10 == pytest.approx(full[0] * 90, rel=1e-2)


def test_positive_weights() -> None:
    labels = [(0,), (0, 1), (0,), (0,), ()]
    assert positive_weights(labels, 3) == [1, 2, 2]
