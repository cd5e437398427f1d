"""Parts have their share of every class, and no group is in two of them."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.datasets.fingerprints import Fingerprints, thumbnail
from mmpretrain.datasets.splitting import class_counts, deal, folds, kept_together, split
from tests.datasets.fingerprint_cases import COPIES, TURNED, picture

UNEQUAL = [0] * 200 + [1] * 80 + [2] * 40 + [3] * 15 + [4] * 5 + [5] * 2 + [6]


def single(labels: list[int]) -> list[tuple[int, ...]]:
    return [(label,) for label in labels]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_each_class_has_its_share(seed: int, share: float) -> None:
    held_out = split(single(UNEQUAL), None, share, seed)
    whole = np.bincount(UNEQUAL)
    found = np.bincount(np.array(UNEQUAL)[held_out], minlength=len(whole))
    assert held_out.sum() == pytest.approx(share * len(UNEQUAL), abs=3)
    for label, (all_of, chosen) in enumerate(zip(whole, found)):
        assert chosen == pytest.approx(share * all_of, abs=1.01), label
        assert chosen < all_of, "each class is trained on"
        assert chosen >= (all_of > 1), "each class of several images is validated"


def test_seed_decides() -> None:
    assert (split(single(UNEQUAL), None, 0.2, 1) == split(single(UNEQUAL), None, 0.2, 1)).all()
    assert (split(single(UNEQUAL), None, 0.2, 1) != split(single(UNEQUAL), None, 0.2, 2)).any()


@pytest.mark.parametrize("seed", range(4))
def test_groups_stay_together(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 60, 300).tolist()
    labels = single(rng.integers(0, 4, 300).tolist())
    held_out = split(labels, groups, 0.2, seed)
    assert not {g for g, held in zip(groups, held_out) if held} & {
        g for g, held in zip(groups, held_out) if not held
    }
    assert held_out.sum() == pytest.approx(60, abs=10)
    parts = folds(labels, groups, 5, seed)
    assert all(len({parts[i] for i in range(300) if groups[i] == name}) == 1 for name in set(groups))
    assert np.bincount(parts).tolist() == pytest.approx([60] * 5, abs=8)


@pytest.mark.parametrize("seed", range(3))
def test_several_labels_are_stratified(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rates = [0.5, 0.2, 0.05, 0.02]
    table = rng.random((400, 4)) < rates
    labels = [tuple(np.flatnonzero(row).tolist()) for row in table]
    held_out = split(labels, None, 0.25, seed)
    assert held_out.sum() == pytest.approx(100, abs=4)
    assert table[held_out].sum(0) == pytest.approx(0.25 * table.sum(0), abs=3)
    parts = folds(labels, None, 4, seed)
    for part in range(4):
        assert table[parts == part].sum(0) == pytest.approx(table.sum(0) / 4, abs=3)


def test_folds_are_equal() -> None:
    labels = np.array(UNEQUAL)
    parts = folds(single(UNEQUAL), None, 5)
    assert np.ptp(np.bincount(parts)) <= 2
    for label in range(5):
        assert np.ptp(np.bincount(parts[labels == label], minlength=5)) <= 1


def test_a_class_that_is_one_group_is_trained_on() -> None:
    labels = single([0] * 50 + [1] * 8)
    groups = [*range(50), *(["patient"] * 8)]
    assert not split(labels, groups, 0.2)[50:].any()


def test_samples_without_a_class() -> None:
    assert split([()] * 20, None, 0.2).sum() == 4
    assert len(deal([], None, (0.8, 0.2))) == 0


def prints_of(images: list[np.ndarray]) -> Fingerprints:
    thumbs, tints = zip(*map(thumbnail, images))
    contents = np.arange(1, 2 * len(images) + 1, dtype=np.uint64).reshape(-1, 2)
    shapes = np.array([image.shape[:2] for image in images])
    return Fingerprints(contents, np.stack(thumbs), np.stack(tints), shapes)


def test_duplicates_and_groups_are_kept_together() -> None:
    images = [picture(seed) for seed in range(60)]
    turned = TURNED["turned"](images[9])
    prints = prints_of([*images, COPIES["half"](images[3]), images[7], turned])
    prints.contents[61] = prints.contents[7]
    groups, sentence = kept_together(prints, [["a", "", None, "a", *[""] * 59]])
    assert groups[60] == groups[3] == groups[0] == 0
    assert groups[61] == groups[7] == 7
    assert groups[62] == groups[9]
    assert len(set(groups.tolist())) == 59
    assert sentence.startswith("3 images")
    assert kept_together(prints_of(images))[1] == ""


def test_similar_images_do_not_chain_up() -> None:
    base = picture(0)
    rng = np.random.default_rng(0)
    similar = [np.clip(base + rng.normal(0, 60, base.shape), 0, 255).astype(np.uint8) for _ in range(100)]
    groups, _ = kept_together(prints_of(similar))
    assert np.bincount(groups).max() <= 5


def test_groups_without_fingerprints() -> None:
    groups, sentence = kept_together(None, [["x", "y", "x"]], size=3)
    assert groups.tolist() == [0, 1, 0]
    assert sentence == ""


def test_class_counts() -> None:
    assert class_counts([(0, 2), (2,), ()], 4).tolist() == [1, 0, 2, 0]
