"""Transforms that keep one box of the image and may resize it.

They choose the box from the shape alone, so :class:`LoadImageFromFile` can ask for it before it decodes a
JPEG, and leave out what would be thrown away.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

import numpy as np

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.functional import geometry, jpeg
from mmpretrain.datasets.transforms.functional.io import check_size


class Window(NamedTuple):
    """A box of an image and the size that it is resized to.

    Args:
        shape: (height, width) of the image.
        top: First row.
        left: First column.
        height: Number of rows.
        width: Number of columns.
        size: (height, width) that the box is resized to; None keeps its size.
        kept: The only part of the resized image that is made, see :func:`geometry.imresize_part`.
        used: The only part of the resized image that is needed; what lies below or to the right of it may be
            missing, and the rest may be undefined.
    """

    shape: tuple[int, int]
    top: int
    left: int
    height: int
    width: int
    size: tuple[int, int] | None = None
    kept: geometry.Box | None = None
    used: geometry.Box | None = None

    def keeping(self, part: geometry.Box, only: bool) -> Window:
        """The same window, of whose result a part is needed.

        Args:
            part: The part.
            only: Make nothing but the part, up to rounding; otherwise the rest is made, of undefined pixels.
        """
        box, kept, used = self[:6], part if only else None, None if only else part
        return Window(*box, kept, used)

    def needs_start_only(self, interpolation: str, backend: str) -> bool:
        """Whether rows below those of :meth:`source` may be missing."""
        exact = self.used is not None and interpolation == "bilinear" and backend == "cv2"
        return self.kept is not None or exact

    def source(self, interpolation: str) -> geometry.Box:
        """The box of the image that is read for what is needed of the result."""
        part = self.kept or self.used
        if self.size is None or part is None:
            return self.top, self.left, self.height, self.width
        rows, columns = (
            geometry.source_of_part(part[i], part[i + 2], size, result, interpolation, bool(self.kept))
            for i, (size, result) in enumerate(zip((self.height, self.width), self.size))
        )
        return self.top + rows[0], self.left + columns[0], rows[1] - rows[0], columns[1] - columns[0]

    @property
    def shrinks(self) -> bool:
        """Whether no edge becomes longer."""
        return self.size is not None and self.size[0] <= self.height and self.size[1] <= self.width

    def reduction(self) -> int:
        """How much smaller the image may be decoded."""
        return jpeg.reduction(self.height, self.width, *self.size) if self.size else 1

    def cut(
        self,
        img: np.ndarray,
        interpolation: str,
        backend: str,
        reduce: int = 1,
        fast: bool = False,
        origin: tuple[int, int] = (0, 0),
    ) -> np.ndarray:
        """Crop and resize an image.

        Args:
            img: The image.
            interpolation: How to resize.
            backend: What resizes.
            reduce: The image was decoded at 1/reduce of its size.
            fast: Allow pixels to differ by rounding from those of the backend.
            origin: (row, column) of the decoded image that ``img`` begins at.
        """
        box = (self.top, self.left, self.height, self.width)
        if reduce > 1:
            top, left = round(self.top / reduce), round(self.left / reduce)
            bottom, right = round((self.top + self.height) / reduce), round((self.left + self.width) / reduce)
            box = (top, left, bottom - top, right - left)
        img = geometry.imcrop(img, box[0] - origin[0], box[1] - origin[1], *box[2:])
        if self.size is None:
            return img
        if self.kept:
            scale = (box[2] / self.size[0], box[3] / self.size[1])
            return geometry.imresize_part(img, scale, self.kept, interpolation)
        if self.used and self.needs_start_only(interpolation, backend):
            until = (self.used[0] + self.used[2], self.used[1] + self.used[3])
            return geometry.imresize_start(img, box[2:], self.size, until)
        size = (self.size[1], self.size[0])
        if fast and backend == "pillow":
            return geometry.imresize_fast(img, size, interpolation)
        return geometry.imresize(img, size, interpolation, backend)


class WindowTransform(BaseTransform):
    """Base of transforms that crop, resize or both.

    A subclass implements :meth:`window`, and :meth:`finish` when it sets more than ``img`` and ``img_shape``.
    """

    interpolation: str = "bilinear"
    backend: str = "cv2"
    #: Whether the box may be resized.
    resizes: bool = True

    @abstractmethod
    def window(self, shape: tuple[int, ...]) -> Window:
        """Choose the box for an image of a shape; this is where random transforms draw."""

    def finish(self, results: dict, window: Window) -> None:
        """Set the result keys other than ``img``."""
        results["img_shape"] = results["img"].shape

    def transform(self, results: dict) -> dict:
        return self.apply(results, self.window(results["img"].shape))

    def apply(
        self,
        results: dict,
        window: Window,
        reduce: int = 1,
        fast: bool = False,
        origin: tuple[int, int] = (0, 0),
    ) -> dict:
        """Cut the window out of ``img``; see :meth:`Window.cut`."""
        if window.size is not None and not window.shrinks:  # the whole image was small enough
            check_size(*window.size, where=results.get("img_path"))
        results["img"] = window.cut(results["img"], self.interpolation, self.backend, reduce, fast, origin)
        self.finish(results, window)
        return results

    def resizes_parts(self, window: Window) -> bool:
        """Whether a part of the result can be had without the rest of it, up to rounding."""
        return window.shrinks and self.backend == "cv2" and self.interpolation in ("bilinear", "bicubic")

    @property
    def takes_parts(self) -> bool:
        """Whether the window is all that it needs of an image."""
        return type(self).transform is WindowTransform.transform


class Choice(NamedTuple):
    """What is read and made of an image of a shape.

    Args:
        window: What a transform cuts out.
        inner: What a second one cuts out of its result.
        reduce: Decode at 1/reduce of the size.
        box: The box of the image that is needed.
    """

    window: Window
    inner: Window | None
    reduce: int
    box: geometry.Box

    @classmethod
    def of(
        cls,
        transform: WindowTransform,
        crop: WindowTransform | None,
        shape: tuple[int, ...],
        fast: bool,
        scales: bool,
    ) -> Choice:
        """Ask a crop or resize, and a crop of its result.

        Args:
            transform: The crop or resize.
            crop: What crops its result.
            shape: Of the image.
            fast: Allow pixels that are not those of a whole decode.
            scales: Whether the image can be decoded at a fraction of its size.
        """
        window, inner = transform.window(shape), None
        if crop and window.size:
            inner = crop.window(window.size)
            shortened = fast and transform.resizes_parts(window)
            window = window.keeping((inner.top, inner.left, inner.height, inner.width), shortened)
        reduce = window.reduction() if fast and scales else 1
        return cls(window, inner, reduce, window.source(transform.interpolation))
