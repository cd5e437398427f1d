"""Images that a data set holds, in the forms that :class:`LoadImageFromFile` can decode in parts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import cv2
import numpy as np

from mmpretrain.datasets.transforms.functional import jpeg, region, restarts, scratch
from mmpretrain.datasets.transforms.functional.geometry import Box
from mmpretrain.datasets.transforms.functional.io import check_size, decoding, imfrombytes
from mmpretrain.errors import DataError


class Part(NamedTuple):
    """Pixels of an image.

    Args:
        pixels: BGR, (H, W, 3).
        top: Row of the image, at the scale of the pixels, that they begin at.
        left: Column that they begin at.
    """

    pixels: np.ndarray
    top: int = 0
    left: int = 0

    def framed(self, height: int, width: int, rows_may_miss: bool) -> np.ndarray:
        """The whole image, with undefined pixels around the part; in memory that is used again.

        Args:
            height: Of the whole image, at the scale of the pixels.
            width: The same.
            rows_may_miss: Whether rows below the part are not needed.
        """
        (high, wide), (top, left) = self.pixels.shape[:2], self[1:]
        if top == left == 0 and wide == width and (rows_may_miss or high == height):
            return self.pixels
        img = scratch.borrowed("frame", (height, width, 3))
        img[top : top + high, left : left + wide] = self.pixels
        return img


class HeldImage(ABC):
    """An image that can be decoded as a whole or in part; see :func:`mmpretrain.utils.fileio.holding`."""

    #: Shape of the decoded colour image.
    shape: tuple[int, int, int]
    #: Whether it can be decoded at a fraction of its size.
    scales: bool = True

    @abstractmethod
    def read(self) -> bytes:
        """The encoded image."""

    @abstractmethod
    def part(self, box: Box, reduce: int, where: str | None, briefly: bool = False) -> Part:
        """Decode what a box needs.

        Args:
            box: (top, left, height, width) in the whole image.
            reduce: Decode at 1/1, 1/2, 1/4 or 1/8 of the size; in less time and exactness if not 1.
            where: Name for messages.
            briefly: The pixels are read at once: the next image may have the same memory.
        """

    def whole(self, color_type: str, backend: str, where: str | None) -> np.ndarray:
        """Decode all of it; see :func:`~mmpretrain.datasets.transforms.functional.io.imfrombytes`."""
        return imfrombytes(self.read(), color_type, backend=backend, where=where)


class JpegFile(HeldImage):
    """An ordinary JPEG, whose rows below a box need not be decoded.

    Args:
        data: The file.
        header: Its header.
        by_box: Whether nvImageCodec decodes boxes that are small enough to gain from it.
    """

    def __init__(self, data: bytes, header: jpeg.JpegHeader, by_box: bool = False) -> None:
        self.data, self.header, self.by_box = data, header, by_box
        self.shape = header.shape

    @classmethod
    def of(cls, data: bytes, backend: str) -> JpegFile | None:
        """Look at a file; None if it has to be decoded as a whole."""
        header = jpeg.read_header(data)
        if header is None or not header.ordinary or not jpeg.is_complete(data, header):
            return None
        return cls(data, header, backend == "nvimgcodec" and header.baseline)

    def read(self) -> bytes:
        return self.data

    def part(self, box: Box, reduce: int, where: str | None, briefly: bool = False) -> Part:
        check_size(self.header.height, self.header.width, where=where)
        rows = box[0] + box[2]
        if self.by_box and reduce == 1 and box[2] * box[3] < region.LARGEST * rows * self.shape[1]:
            pixels = region.decode_box(self.data, box)
            if pixels is not None:
                return Part(pixels, box[0], box[1])
        fast = reduce > 1
        with decoding(self.data, where):
            return Part(
                jpeg.decode(
                    self.data, self.header, rows=rows, reduce=reduce, fast=fast, where=where, briefly=briefly
                )
            )


class RestartJpeg(HeldImage):
    """A JPEG with restart markers whose places are known.

    Args:
        data: The file.
        intervals: How it is divided.
        starts: Where the intervals begin, (rows * columns + 1,).
    """

    def __init__(self, data: bytes | memoryview, intervals: restarts.Intervals, starts: np.ndarray) -> None:
        self.data, self.intervals, self.starts = data, intervals, starts
        self.shape = (intervals.height, intervals.width, 3)

    def read(self) -> bytes:
        return bytes(self.data)

    def part(self, box: Box, reduce: int, where: str | None, briefly: bool = False) -> Part:
        check_size(*self.shape[:2], where=where)
        options = {"reduce": reduce, "fast": reduce > 1, "where": where, "briefly": briefly}
        with decoding(b"\xff\xd8", where):
            pixels, shown = restarts.decode_part(self.data, self.intervals, self.starts, box, **options)
        return Part(pixels, shown[0] // reduce, shown[1] // reduce)


class HeldPixels(HeldImage):
    """Pixels that were decoded before.

    Args:
        pixels: uint8, as ``LoadImageFromFile`` gives them; may be read-only.
        color_type: Its ``color_type``; pixels of any kind of colour are BGR, (H, W, 3).
    """

    scales = False

    def __init__(self, pixels: np.ndarray, color_type: str = "color") -> None:
        self.pixels, self.color_type = pixels, color_type
        self.shape = pixels.shape  # type: ignore[assignment]

    def read(self) -> bytes:
        made, data = cv2.imencode(".png", self.pixels)
        if not made:
            height, width = self.shape[:2]
            raise DataError(f"An image of {width} x {height} pixels cannot be written as PNG")
        return data.tobytes()

    def part(self, box: Box, reduce: int, where: str | None, briefly: bool = False) -> Part:
        return Part(self.pixels if briefly else self.pixels.copy())

    def whole(self, color_type: str, backend: str, where: str | None) -> np.ndarray:
        if color_type != self.color_type and not (
            color_type.startswith("color") and self.color_type == "color"
        ):
            raise DataError(
                f"It holds colour pixels, and not what color_type={color_type!r} asks for",
                where=where,
                hint="Pack the images with --format jpeg or keep.",
            )
        return self.pixels.copy()
