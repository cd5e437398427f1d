"""Fingerprints of images: a hash of the file, and a thumbnail by which near-duplicates are found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import cv2
import numpy as np

from mmpretrain.datasets.encoded import EncodedDataset
from mmpretrain.datasets.places import loader_of, root_of
from mmpretrain.datasets.transforms.functional import jpeg
from mmpretrain.datasets.transforms.functional.as_is import Numbers, is_measured, read_as_is
from mmpretrain.datasets.transforms.functional.io import imfrombytes
from mmpretrain.errors import MMPretrainError
from mmpretrain.utils.fileio import read_bytes
from mmpretrain.utils.pictures import to_picture

#: Edge of a thumbnail, and the larger edge from which it is averaged.
SIDE, ROUGH = 16, 128
_DIGEST = 16
_THREADS = 8


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints of N images.

    Attributes:
        contents: A hash of each file, (N, 2) uint64; 0 where the image cannot be read.
        thumbs: Grey thumbnails, (N, 16, 16) uint8.
        tints: Mean blue and red minus green, (N, 2) float32.
        shapes: Height and width of each image, (N, 2) int32; 0 where it cannot be read.
        errors: Index of an image that cannot be read -> why.
        numbers: Index of an image that is no picture of 8 bits -> what it holds.
    """

    contents: np.ndarray
    thumbs: np.ndarray
    tints: np.ndarray
    shapes: np.ndarray
    errors: dict[int, Exception] = field(default_factory=dict)
    numbers: dict[int, Numbers] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.contents)

    def take(self, indices: Sequence[int] | np.ndarray) -> Fingerprints:
        """Return those of some images."""
        chosen = np.asarray(indices, int)
        errors = {new: self.errors[old] for new, old in enumerate(chosen.tolist()) if old in self.errors}
        numbers = {new: self.numbers[old] for new, old in enumerate(chosen.tolist()) if old in self.numbers}
        columns = (self.contents, self.thumbs, self.tints, self.shapes)
        return Fingerprints(*(column[chosen] for column in columns), errors=errors, numbers=numbers)

    @classmethod
    def join(cls, *parts: Fingerprints) -> Fingerprints:
        """Return those of several data sets, one after another."""
        errors: dict[int, Exception] = {}
        numbers: dict[int, Numbers] = {}
        start = 0
        for part in parts:
            errors.update((start + index, error) for index, error in part.errors.items())
            numbers.update((start + index, kind) for index, kind in part.numbers.items())
            start += len(part)
        names = ("contents", "thumbs", "tints", "shapes")
        columns = (np.concatenate([getattr(part, name) for part in parts]) for name in names)
        return cls(*columns, errors=errors, numbers=numbers)


def fingerprints_of(
    dataset: Any,
    watch: Callable[[Iterable[Any]], Iterable[Any]] | None = None,
    known: Callable[[str], Print | None] | None = None,
) -> Fingerprints:
    """Compute the fingerprint of each image of a data set, in threads.

    Args:
        dataset: A data set or wrapper.
        watch: Goes through the images and shows how far it is, such as a progress bar.
        known: Returns the fingerprint of the file at a path if it was computed before.
    """
    size = len(dataset)
    contents = np.zeros((size, 2), np.uint64)
    thumbs = np.zeros((size, SIDE, SIDE), np.uint8)
    tints = np.zeros((size, 2), np.float32)
    shapes = np.zeros((size, 2), np.int32)
    errors: dict[int, Exception] = {}
    numbers: dict[int, Numbers] = {}

    def attempt(index: int) -> tuple[int, Print | Exception]:
        try:
            return index, _of_sample(dataset, index, known)
        except (MMPretrainError, OSError) as error:
            return index, error

    results = _in_threads(attempt, range(size))
    for index, found in results if watch is None else watch(results):
        if isinstance(found, Exception):
            errors[index] = found
            continue
        contents[index] = np.frombuffer(found.digest, np.uint64)
        thumbs[index], tints[index], shapes[index] = found.thumb, found.tint, found.shape
        if found.numbers is not None:
            numbers[index] = found.numbers
    return Fingerprints(contents, thumbs, tints, shapes, errors, numbers)


def _in_threads(work: Callable[[int], Any], indices: Iterable[int]) -> Iterator[Any]:
    rest = iter(indices)
    with ThreadPoolExecutor(_THREADS) as pool:
        while chunk := list(islice(rest, 64 * _THREADS)):
            yield from pool.map(work, chunk)


class Print(NamedTuple):
    """The fingerprint of an image, see :class:`Fingerprints`."""

    digest: bytes
    thumb: np.ndarray
    tint: np.ndarray
    shape: tuple[int, int]
    numbers: Numbers | None = None


def _of_sample(dataset: Any, index: int, known: Callable[[str], Print | None] | None) -> Print:
    plain, inner = root_of(dataset, index)
    record = plain.get_data_info(inner)
    if "img" in record:
        image = np.asarray(record["img"])
        return Print(_digest(image.tobytes()), *thumbnail(image), image.shape[:2])
    if isinstance(plain, EncodedDataset):
        data = plain.read_image(record)
    else:
        if known is not None and (found := known(str(record["img_path"]))) is not None:
            return found
        load = loader_of(plain)
        data = read_bytes(record["img_path"], backend_args=load.backend_args if load else None)
    where = str(record.get("img_path"))
    if is_measured(data):
        image, numbers = read_as_is(data, where)
        return Print(_digest(data), *thumbnail(to_picture(image)[..., ::-1]), image.shape[:2], numbers)
    image, shape = _small(data, where)
    return Print(_digest(data), *thumbnail(image), shape)


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST).digest()


def _small(data: bytes, where: str) -> tuple[np.ndarray, tuple[int, int]]:
    """Decode an image to BGR, a JPEG no larger than a thumbnail needs; and return its real size."""
    header = jpeg.read_header(data)
    if header is None or not header.plain:
        image = imfrombytes(data, "color", where=where)
        return image, image.shape[:2]
    reduce = next((by for by in (8, 4, 2) if min(header.height, header.width) >= by * ROUGH), 1)
    image = jpeg.decode(data, header, reduce=reduce, where=where)
    height, width = header.height, header.width
    shape = (width, height) if header.orientation >= 5 else (height, width)
    return jpeg.upright(image, header.orientation) if header.orientation > 1 else image, shape


def thumbnail(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the grey thumbnail of an image, (16, 16) uint8, and its tint, (2,).

    Args:
        image: (H, W) grey, (H, W, 3) or (H, W, 4) in BGR; other types than uint8 are scaled to it.
    """
    if image.dtype != np.uint8:
        low, high = float(image.min()), float(image.max())
        image = ((image - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)
    if image.ndim == 3 and image.shape[2] not in (3, 4):
        image = image.mean(axis=2).astype(np.uint8)
    larger = min(image.shape[:2]) >= SIDE
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA if larger else cv2.INTER_LINEAR)
    if small.ndim == 2:
        return small, np.zeros(2, np.float32)
    blue, green, red = small[..., :3].reshape(-1, 3).mean(0)
    grey = cv2.cvtColor(np.ascontiguousarray(small[..., :3]), cv2.COLOR_BGR2GRAY)
    return grey, np.array([blue - green, red - green], np.float32)
