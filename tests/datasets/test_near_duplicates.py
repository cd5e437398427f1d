"""Near-duplicates are found, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmpretrain.datasets.digits import load_digits
from mmpretrain.datasets.fingerprints import Fingerprints, thumbnail
from mmpretrain.datasets.near_duplicates import (
    ALIKE,
    LARGEST_GROUP,
    LEAST_ALIKE,
    MOST,
    Groups,
    _distance,
    _within,
    alike_here,
    copies,
    duplicate_groups,
    near_pairs,
    perceptual_hashes,
    same_content,
)
from mmpretrain.datasets.splitting import kept_together
from tests.datasets.fingerprint_cases import COPIES, TURNED, picture

COUNT = 60


def prints_of(images: list[np.ndarray]) -> Fingerprints:
    thumbs, tints = zip(*map(thumbnail, images))
    contents = np.arange(1, 2 * len(images) + 1, dtype=np.uint64).reshape(-1, 2)
    shapes = np.array([image.shape[:2] for image in images])
    return Fingerprints(contents, np.stack(thumbs), np.stack(tints), shapes)


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return [picture(seed) for seed in range(COUNT)]


@pytest.mark.parametrize("small", [0, 1000])
@pytest.mark.parametrize("copy", COPIES)
def test_each_copy_is_found_and_nothing_else(pictures: list[np.ndarray], copy: str, small: int) -> None:
    prints = prints_of([*pictures, *map(COPIES[copy], pictures)])
    pairs, likeness = near_pairs(prints, small=small)
    assert pairs.tolist() == [[index, index + COUNT] for index in range(COUNT)]
    assert likeness.min() > 0.99


@pytest.mark.parametrize("small", [0, 1000])
@pytest.mark.parametrize("copy", TURNED)
def test_turned_copies_are_found_on_request(pictures: list[np.ndarray], copy: str, small: int) -> None:
    prints = prints_of([*pictures, *map(TURNED[copy], pictures)])
    assert not len(near_pairs(prints, small=small)[0])
    pairs, _ = near_pairs(prints, turned=True, small=small)
    assert pairs.tolist() == [[index, index + COUNT] for index in range(COUNT)]


def test_another_colour_is_another_picture(pictures: list[np.ndarray]) -> None:
    grey = np.repeat(pictures[0].mean(2, keepdims=True), 3, axis=2)
    red = (grey * [0.2, 0.2, 1.0]).astype(np.uint8)
    blue = (grey * [1.0, 0.45, 0.2]).astype(np.uint8)
    assert not len(near_pairs(prints_of([red, blue]))[0])


def test_images_without_contrast_are_alike_only_by_content() -> None:
    prints = prints_of([np.full((20, 20, 3), value, np.uint8) for value in (0, 1, 200)])
    assert not len(near_pairs(prints)[0])
    prints.contents[2] = prints.contents[0]
    assert duplicate_groups(prints).tolist() == [0, 1, 0]


def test_no_digit_is_taken_for_another() -> None:
    prints = prints_of(list(load_digits("train")[0]))
    sizes = np.bincount(duplicate_groups(prints))
    assert sizes.max() <= 3
    assert (sizes > 0).sum() > 0.98 * len(prints)


def test_equal_content_and_unreadable_files(pictures: list[np.ndarray]) -> None:
    prints = prints_of(pictures[:4])
    prints.contents[3] = prints.contents[1]
    broken = replace(prints, errors={0: OSError(), 2: OSError()})
    broken.contents[[0, 2]] = 0
    assert same_content(broken).tolist() == [0, 1, 2, 1]
    assert duplicate_groups(broken).tolist() == [0, 1, 2, 1]


@pytest.mark.parametrize("count", [0, 1])
def test_no_images(pictures: list[np.ndarray], count: int) -> None:
    prints = prints_of(pictures[:1]).take(range(count))
    pairs, likeness = near_pairs(prints)
    assert pairs.shape == (0, 2)
    assert likeness.shape == (0,)
    assert duplicate_groups(prints).tolist() == list(range(count))


def test_many_copies_of_one_picture_stay_few_pairs_and_one_group(pictures: list[np.ndarray]) -> None:
    rng = np.random.default_rng(0)
    noisy = [
        np.clip(pictures[0] + rng.normal(0, 4, (96, 96, 3)), 0, 255).astype(np.uint8) for _ in range(200)
    ]
    prints = prints_of([*noisy, pictures[1]])
    pairs, _ = near_pairs(prints)
    assert len(pairs) < 200 * MOST
    groups = Groups(201)
    for a, b in pairs.tolist():
        groups.join(a, b)
    assert groups.roots().tolist() == [0] * 200 + [200]


@pytest.mark.parametrize("radius", [0, 3, 5, 11])
def test_all_hashes_within_the_radius_are_found(radius: int) -> None:
    rng = np.random.default_rng(radius)
    hashes = rng.integers(0, 2**63, 300, dtype=np.uint64)
    changed = hashes.copy()
    for index in range(300):
        for bit in rng.choice(64, rng.integers(0, 16), replace=False):
            changed[index] ^= np.uint64(1) << np.uint64(bit)
    every = np.concatenate([hashes, changed])
    left, right = np.triu_indices(len(every), 1)
    close = _distance(every[left], every[right]) <= radius
    expected = set(zip(left[close].tolist(), right[close].tolist()))
    found = {pair for a, b in _within(every, every, radius) for pair in zip(a.tolist(), b.tolist())}
    assert found == expected
    assert len(expected) > 10


def test_hash_depends_on_shape_and_not_on_brightness(pictures: list[np.ndarray]) -> None:
    thumbs = prints_of(pictures).thumbs
    darker = (thumbs.astype(int) // 2).astype(np.uint8)
    assert _distance(perceptual_hashes(thumbs), perceptual_hashes(darker)).max() <= 6
    assert len(np.unique(perceptual_hashes(thumbs))) == COUNT


def test_groups() -> None:
    groups = Groups(6)
    assert groups.join(4, 2)
    assert groups.join(5, 4)
    assert not groups.join(2, 5)
    assert groups.roots().tolist() == [0, 1, 2, 3, 2, 2]


def test_copies_that_were_cropped_among_pictures_that_are_unlike():
    """Among textures a correlation of 0.9 is a copy; among pictures that are alike it is not."""
    random = np.random.default_rng(0)
    textures = random.integers(0, 255, (80, 16, 16)).astype(np.uint8)
    near = (0.7 * textures[:4] + 0.3 * random.integers(0, 255, (4, 16, 16))).astype(np.uint8)
    base = random.integers(0, 255, (16, 16))
    alike = np.clip(base + random.integers(-40, 40, (80, 16, 16)), 0, 255).astype(np.uint8)

    def prints(thumbs: np.ndarray) -> Fingerprints:
        count = len(thumbs)
        contents = np.stack([np.arange(count), np.arange(count)], axis=1).astype(np.uint64)
        tints, shapes = np.zeros((count, 2), np.float32), np.full((count, 2), 32, np.int32)
        return Fingerprints(contents, thumbs, tints, shapes)

    found = prints(np.concatenate([textures, near]))
    assert alike_here(found) == LEAST_ALIKE
    pairs, _ = near_pairs(found, alike=alike_here(found))
    assert pairs.tolist() == [[index, 80 + index] for index in range(4)]
    assert near_pairs(found)[0].tolist() == []
    assert alike_here(prints(alike)) > 0.95
    assert alike_here(prints(textures[:20])) == ALIKE, "too few to tell"


def test_one_rule_for_splits_tests_and_audits() -> None:
    random = np.random.default_rng(0)
    textures = random.integers(0, 255, (80, 16, 16)).astype(np.uint8)
    cropped = (0.7 * textures[:3] + 0.3 * random.integers(0, 255, (3, 16, 16))).astype(np.uint8)
    thumbs = np.concatenate([textures, cropped, textures[7:8, :, ::-1]])
    count = len(thumbs)
    contents = np.arange(2 * count, dtype=np.uint64).reshape(-1, 2)
    prints = Fingerprints(
        contents, thumbs, np.zeros((count, 2), np.float32), np.full((count, 2), 32, np.int32)
    )
    expected = {(0, 80), (1, 81), (2, 82)}
    assert set(map(tuple, copies(prints)[0].tolist())) == expected
    assert set(map(tuple, copies(prints, turned=True)[0].tolist())) == {*expected, (7, 83)}
    assert duplicate_groups(prints)[80:].tolist() == [0, 1, 2, 83]
    assert duplicate_groups(prints, turned=True)[80:].tolist() == [0, 1, 2, 7]
    assert kept_together(prints)[0][80:].tolist() == [0, 1, 2, 7]


def test_what_is_merely_similar_is_no_copy() -> None:
    """Pictures that chain up to a large group count only where they are closer."""
    random = np.random.default_rng(1)
    base = random.integers(60, 200, (16, 16))
    similar = np.stack([base + random.integers(-6, 7, (16, 16)) for _ in range(60)]).astype(np.uint8)
    others = random.integers(0, 255, (40, 16, 16)).astype(np.uint8)
    thumbs = np.concatenate([similar, others, *([others[:1]] * 5)])
    thumbs[-5:, 0, 0] += np.arange(5, dtype=np.uint8)  # five copies, of which no two are equal
    count = len(thumbs)
    contents = np.arange(2 * count, dtype=np.uint64).reshape(-1, 2)
    prints = Fingerprints(
        contents, thumbs, np.zeros((count, 2), np.float32), np.full((count, 2), 32, np.int32)
    )
    groups = duplicate_groups(prints)
    assert np.bincount(groups[:60], minlength=60).max() <= LARGEST_GROUP
    assert groups[-5:].tolist() == [60] * 5
