"""Finding images that are the same picture: files with equal bytes, and near-duplicates.

Near-duplicates are copies that were scaled, compressed again, saved in another format, made somewhat brighter
or, on request, mirrored or turned. Their thumbnails correlate. Small sets are compared each with each; in
large ones, only images whose perceptual hashes are within a Hamming radius (multi-index hashing, Norouzi et
al., 2012, https://arxiv.org/abs/1307.2982).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np

from mmpretrain.datasets.fingerprints import SIDE, Fingerprints

#: Thumbnails that correlate this much show the same picture.
ALIKE = 0.99
#: The least that this can be in a set whose pictures are unlike each other.
LEAST_ALIKE = 0.85
#: Groups of near-duplicates have at most so many pictures, or this share of all: larger ones are merely
#: similar, and only closer pairs count.
LARGEST_GROUP, LARGEST_SHARE = 8, 0.05
STRICTER = (ALIKE, 0.995, 0.999, 2.0)
#: Colour of near-duplicates (mean B - G and R - G) differs by at most this many grey levels.
TINT = 12.0
#: A thumbnail whose grey levels deviate less than this has nothing that could be compared.
FLAT = 1.5
#: Sets of no more images are compared each with each.
SMALL = 8192
#: In larger sets, perceptual hashes of near-duplicates differ in at most this many of their 64 bits.
RADIUS = 7
#: Pairs that are kept for an image; more of them only if they join two groups.
MOST = 32
_BANDS, _BAND_BITS = 4, 16
#: Pairs of thumbnails that are compared at once, 64 MB.
_AT_ONCE = 1 << 15

Candidates = Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]


class Groups:
    """Numbers from 0 that are joined to groups; a group is known by its smallest member.

    Args:
        size: How many numbers there are.
    """

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def root(self, index: int) -> int:
        """Return the smallest member of a group."""
        parent = self._parent
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    def join(self, a: int, b: int) -> bool:
        """Join the groups of two members; False if they are in one group already."""
        a, b = self.root(a), self.root(b)
        self._parent[max(a, b)] = min(a, b)
        return a != b

    def roots(self) -> np.ndarray:
        """Return the smallest member of each group that a number is in, (N,)."""
        return np.array([self.root(index) for index in range(len(self._parent))], int)


def same_content(prints: Fingerprints) -> np.ndarray:
    """Return for each image the first one with the same bytes, (N,); an unreadable one is its own."""
    first = np.arange(len(prints))
    if len(prints):
        _, start, inverse = np.unique(prints.contents, axis=0, return_index=True, return_inverse=True)
        first = start[inverse.reshape(-1)]
    for index in prints.errors:
        first[index] = index
    return first


def alike_here(prints: Fingerprints) -> float:
    """Return the correlation from which pictures of a set are copies: less than 0.99 where others are unlike.

    The nearest neighbours of photographs of textures correlate by 0.3, so that 0.9 is a copy that was
    cropped; those of digits by 0.96. It is eight interquartile ranges above the median (of Fisher's z), from
    0.85 on.

    Args:
        prints: The fingerprints.
    """
    chosen = np.flatnonzero(same_content(prints) == np.arange(len(prints)))
    chosen = chosen[prints.thumbs[chosen].std((1, 2)) >= FLAT]
    if len(chosen) < 50:
        return ALIKE
    vectors = _normalised(prints.thumbs[chosen[:: -(-len(chosen) // SMALL)]])
    some = np.arange(0, len(vectors), -(-len(vectors) // 512))
    likeness = vectors[some] @ vectors.T
    likeness[np.arange(len(some)), some] = -1
    low, middle, high = np.quantile(np.arctanh(np.minimum(likeness.max(1), 0.9999)), [0.25, 0.5, 0.75])
    return float(np.clip(np.tanh(middle + 8 * (high - low)), LEAST_ALIKE, ALIKE))


def near_pairs(
    prints: Fingerprints, *, alike: float = ALIKE, turned: bool = False, small: int = SMALL
) -> tuple[np.ndarray, np.ndarray]:
    """Find images that show the same picture.

    Images without contrast are near-duplicates of none. Of several with the same bytes, only the first is
    looked at: see :func:`same_content`. Where an image has very many near-duplicates, some of the pairs are
    left out, but none that connects two groups.

    Args:
        prints: The fingerprints.
        alike: Least correlation of thumbnails.
        turned: Find mirrored and turned copies too.
        small: Sets of no more images are compared each with each.

    Returns:
        Pairs of indices, (M, 2), the smaller one first, sorted; and how much they correlate, (M,).
    """
    first = same_content(prints) == np.arange(len(prints))
    first[list(prints.errors)] = False
    first &= prints.thumbs.std((1, 2)) >= FLAT
    chosen = np.flatnonzero(first)
    thumbs, tints = prints.thumbs[chosen], prints.tints[chosen]
    find = _each_with_each if len(chosen) <= small else _by_hash
    found: dict[tuple[int, int], float] = {}
    groups, counts = Groups(len(chosen)), Counter[int]()
    for turn in _TURNS if turned else _TURNS[:1]:
        for left, right, likeness in find(thumbs, turn(thumbs), alike):
            keep = (np.abs(tints[left] - tints[right]) <= TINT).all(1)
            for a, b, value in zip(left[keep].tolist(), right[keep].tolist(), likeness[keep].tolist()):
                if groups.join(a, b) or min(counts[a], counts[b]) < MOST:
                    counts[a] += (a, b) not in found
                    counts[b] += (a, b) not in found
                    found[a, b] = max(value, found.get((a, b), -1.0))
    pairs = sorted(found)
    values = np.array([found[pair] for pair in pairs], np.float32)
    return chosen[np.array(pairs, int).reshape(-1, 2)], values


def copies(prints: Fingerprints, *, turned: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Find near-duplicates by the rule that splits, tests and audits share.

    Images count whose thumbnails correlate as :func:`alike_here` says, or more closely where they would chain
    up to large groups, as in data of very similar images.

    Args:
        prints: The fingerprints.
        turned: Find mirrored and turned copies too.

    Returns:
        Pairs of indices, (M, 2), and how much they correlate, (M,), as :func:`near_pairs` gives them.
    """
    least = alike_here(prints)
    pairs, likeness = near_pairs(prints, alike=least)
    level = _level(prints, (least, *STRICTER), pairs, likeness, pairs[:0])
    kept = likeness >= level
    if not turned:
        return pairs[kept], likeness[kept]
    certain, (pairs, likeness) = pairs[kept], near_pairs(prints, alike=level, turned=True)
    stricter = _level(prints, (level, *STRICTER), pairs, likeness, certain)
    kept = (likeness >= stricter) | np.isin(_as_numbers(pairs, prints), _as_numbers(certain, prints))
    return pairs[kept], likeness[kept]


def _level(
    prints: Fingerprints,
    levels: Sequence[float],
    pairs: np.ndarray,
    likeness: np.ndarray,
    certain: np.ndarray,
) -> float:
    """The first correlation from which no group of pictures is too large; ``certain`` pairs count always."""
    distinct = same_content(prints) == np.arange(len(prints))
    most = max(LARGEST_GROUP, LARGEST_SHARE * distinct.sum())
    level = 0.0
    for level in sorted({value for value in levels if value >= levels[0]}):
        groups = Groups(len(prints))
        for a, b in [*certain.tolist(), *pairs[likeness >= level].tolist()]:
            groups.join(a, b)
        if np.bincount(groups.roots()[distinct], minlength=1).max() <= most:
            break
    return level


def _as_numbers(pairs: np.ndarray, prints: Fingerprints) -> np.ndarray:
    return pairs[:, 0] * len(prints) + pairs[:, 1]


def duplicate_groups(prints: Fingerprints, *, turned: bool = False) -> np.ndarray:
    """Return for each image the first one that is the same picture, (N,): by content, or a near-duplicate.

    Args:
        prints: The fingerprints.
        turned: Count mirrored and turned copies too.
    """
    groups = Groups(len(prints))
    pairs, _ = copies(prints, turned=turned)
    for a, b in [*enumerate(same_content(prints).tolist()), *pairs.tolist()]:
        groups.join(a, b)
    return groups.roots()


#: The eight ways to lay a square; the first leaves it as it is.
_TURNS: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda thumbs: thumbs,
    lambda thumbs: thumbs[:, :, ::-1],
    lambda thumbs: thumbs[:, ::-1],
    lambda thumbs: thumbs[:, ::-1, ::-1],
    lambda thumbs: thumbs.swapaxes(1, 2),
    lambda thumbs: thumbs.swapaxes(1, 2)[:, :, ::-1],
    lambda thumbs: thumbs.swapaxes(1, 2)[:, ::-1],
    lambda thumbs: thumbs.swapaxes(1, 2)[:, ::-1, ::-1],
)


def _normalised(thumbs: np.ndarray) -> np.ndarray:
    """Thumbnails as vectors of length 1 around 0, (N, 256) float32."""
    flat = thumbs.reshape(len(thumbs), SIDE * SIDE).astype(np.float32)
    flat -= flat.mean(1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)


def _each_with_each(thumbs: np.ndarray, others: np.ndarray, alike: float) -> Candidates:
    ours, theirs = _normalised(thumbs), _normalised(others)
    step = 512
    for start in range(0, len(ours), step):
        likeness = ours[start : start + step] @ theirs[start:].T
        left, right = np.nonzero(likeness >= alike)
        keep = left < right
        left, right = left[keep], right[keep]
        yield left + start, right + start, likeness[left, right]


def _by_hash(thumbs: np.ndarray, others: np.ndarray, alike: float) -> Candidates:
    hashes = perceptual_hashes(thumbs)
    theirs = hashes if others is thumbs else perceptual_hashes(others)
    for left, right in _within(hashes, theirs, RADIUS):
        likeness = (_normalised(thumbs[left]) * _normalised(others[right])).sum(1)
        keep = likeness >= alike
        yield left[keep], right[keep], likeness[keep]


def perceptual_hashes(thumbs: np.ndarray) -> np.ndarray:
    """Return 64 bits for each thumbnail: the signs of its lowest frequencies.

    Args:
        thumbs: (N, 16, 16).

    Returns:
        (N,) uint64.
    """
    steps = np.arange(SIDE)
    basis = np.cos(np.pi / SIDE * np.outer(steps, steps + 0.5)).astype(np.float32)
    rows, columns = np.divmod(np.arange(SIDE * SIDE), SIDE)
    lowest = np.argsort(rows + columns, kind="stable")[1:65]  # the first is the mean
    hashes = np.empty(len(thumbs), np.uint64)
    weights = np.uint64(1) << np.arange(64, dtype=np.uint64)
    for start in range(0, len(thumbs), _AT_ONCE):
        block = thumbs[start : start + _AT_ONCE].astype(np.float32)
        waves = (basis @ block @ basis.T).reshape(len(block), -1)[:, lowest]
        hashes[start : start + len(block)] = ((waves > 0) * weights).sum(1, dtype=np.uint64)
    return hashes


def _within(hashes: np.ndarray, others: np.ndarray, radius: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield blocks of index pairs, a < b, whose hashes differ in at most ``radius`` bits.

    Two such hashes agree up to ``radius // 4`` bits in one of their four bands of 16 bits: for each band and
    each change of so few bits, equal values are looked up in a sorted list. A pair may come several times.
    """
    flips = [
        sum(1 << bit for bit in bits)
        for count in range(radius // _BANDS + 1)
        for bits in combinations(range(_BAND_BITS), count)
    ]
    for band in range(_BANDS):
        ours, theirs = (_band(values, band) for values in (hashes, others))
        order = np.argsort(theirs, kind="stable")
        starts = np.searchsorted(theirs[order], np.arange((1 << _BAND_BITS) + 1))
        for flip in flips:
            wanted = ours ^ np.uint16(flip)
            first, last = starts[wanted], starts[wanted.astype(int) + 1]
            for start in _blocks(last - first):
                left, right = _ranges(first, last, start)
                right = order[right]
                keep = left < right
                left, right = left[keep], right[keep]
                close = _distance(hashes[left], others[right]) <= radius
                if close.any():
                    yield left[close], right[close]


def _band(hashes: np.ndarray, band: int) -> np.ndarray:
    return ((hashes >> np.uint64(band * _BAND_BITS)) & np.uint64(0xFFFF)).astype(np.uint16)


def _blocks(counts: np.ndarray) -> Iterator[slice]:
    """Cut the images into runs whose candidates are few enough to be compared at once."""
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + _AT_ONCE, "right")))
        if ends[stop - 1] > before:
            yield slice(start, stop)
        start = stop


def _ranges(first: np.ndarray, last: np.ndarray, images: slice) -> tuple[np.ndarray, np.ndarray]:
    """Each image of a run with each place of its range, (M,) and (M,)."""
    counts = (last - first)[images]
    left = np.repeat(np.arange(images.start, images.stop), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return left, np.repeat(first[images], counts) + within


def _distance(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Bits in which hashes differ, (M,) uint8."""
    return _BITS_OF_BYTE[(left ^ right).view(np.uint8).reshape(-1, 8)].sum(1)


_BITS_OF_BYTE = np.array([bin(value).count("1") for value in range(256)], np.uint8)
