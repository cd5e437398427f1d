"""Reading images and annotations."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.checks import one_of, ordered_range, require
from mmpretrain.datasets.transforms.functional.io import BACKENDS, CV2_FLAGS, imfrombytes
from mmpretrain.datasets.transforms.functional.raw import as_asked, as_image, to_range
from mmpretrain.datasets.transforms.held import HeldImage, JpegFile
from mmpretrain.datasets.transforms.window import Choice, WindowTransform
from mmpretrain.errors import DataError
from mmpretrain.registry import TRANSFORMS
from mmpretrain.utils import fileio

#: Backends with the pixels of libjpeg-turbo, which decodes parts.
_WITH_PARTS = ("cv2", "exact", "turbojpeg", "nvimgcodec")


def exact_pixels() -> bool:
    """Whether ``MMPRETRAIN_EXACT_PIXELS=1`` asks for the pixels of the original in all cases."""
    return os.environ.get("MMPRETRAIN_EXACT_PIXELS", "0") not in ("", "0")


def storage_options(file_client_args: dict | None, backend_args: dict | None) -> dict | None:
    """Merge the old and the new spelling of storage options."""
    require(
        file_client_args is None or backend_args is None,
        "file_client_args and backend_args mean the same thing and cannot both be given",
        "Keep backend_args.",
        key="file_client_args",
    )
    options = backend_args if backend_args is not None else file_client_args
    return dict(options) if options is not None else None


def image_path(results: dict) -> str:
    """Path of the image of a record, in the keys of 1.x or 0.x."""
    if "img_path" not in results and "img_info" in results:
        prefix, name = results.get("img_prefix"), results["img_info"]["filename"]
        return fileio.join(prefix, name) if prefix else name
    return str(results["img_path"])


@TRANSFORMS.register_module()
class LoadImageFromFile(BaseTransform):
    """Read the image at ``img_path``.

    Adds ``img`` (BGR), ``img_shape`` and ``ori_shape`` (both height, width). Followed by a crop or resize in
    a :class:`Compose`, only the needed part of a JPEG is decoded; see docs/transforms.md.

    Args:
        to_float32: Convert to float32.
        color_type: ``'color'``, ``'grayscale'``, ``'unchanged'``, ``'color_ignore_orientation'`` or
            ``'grayscale_ignore_orientation'``.
        imdecode_backend: ``'cv2'``, ``'pillow'``, ``'turbojpeg'`` or ``'tifffile'``; ``'exact'`` is ``'cv2'``
            with the pixels of the original in all cases; ``'nvimgcodec'`` is ``'cv2'`` with faster crops of
            JPEGs, in which damage is not noticed; see docs/transforms.md and docs/images.md.
        file_client_args: Old spelling of ``backend_args``.
        ignore_empty: Drop the sample (return None) when the image cannot be read.
        backend_args: Storage options, see :mod:`mmpretrain.utils.fileio`.
        value_range: (low, high) of the numbers in the file, such as (0, 4095): they are mapped to 0 to 255,
            as float32. Numbers outside are clipped.
    """

    def __init__(
        self,
        to_float32: bool = False,
        color_type: str = "color",
        imdecode_backend: str = "cv2",
        file_client_args: dict | None = None,
        ignore_empty: bool = False,
        *,
        backend_args: dict | None = None,
        value_range: Sequence[float] | None = None,
    ) -> None:
        one_of("imdecode_backend", imdecode_backend, BACKENDS)
        one_of("color_type", color_type, CV2_FLAGS)
        self.value_range = None if value_range is None else _checked_range(value_range)
        self.to_float32 = to_float32
        self.color_type = color_type
        self.imdecode_backend = imdecode_backend
        self.ignore_empty = ignore_empty
        self.backend_args = storage_options(file_client_args, backend_args)

    def transform(self, results: dict) -> dict | None:
        path = image_path(results)
        try:
            held = fileio.held(path)
            if isinstance(held, HeldImage):
                img = held.whole(self.color_type, self.imdecode_backend, where=path)
            else:
                data = fileio.read_bytes(path, backend_args=self.backend_args)
                img = imfrombytes(data, self.color_type, backend=self.imdecode_backend, where=path)
        except (DataError, OSError):
            if self.ignore_empty:
                return None
            raise
        return self.finish(results, img, img.shape[:2])

    def take(self, results: dict, image: np.ndarray) -> dict:
        """Treat numbers in memory, (H, W) or (H, W, C), like those of a file; see :meth:`transform`.

        Raises:
            DataError: If they are no image, or not what ``color_type`` says.
        """
        img = as_asked(as_image(np.array(image), None), self.color_type, None)
        return self.finish(results, img, img.shape[:2])

    def finish(self, results: dict, img: np.ndarray, shape: tuple[int, int]) -> dict:
        """Put a decoded image into the results; ``shape`` is that of the whole image."""
        if self.value_range is not None:
            img = to_range(img, *self.value_range)
        results["img"] = img.astype(np.float32) if self.to_float32 else img
        results["img_shape"] = shape
        results["ori_shape"] = shape
        return results

    def load_part(
        self,
        results: dict,
        transform: WindowTransform,
        crop: WindowTransform | None,
        choose: Callable[[tuple[int, ...], bool, bool], Choice],
    ) -> dict | None:
        """Load an image, apply a crop or resize and a crop of the result, and decode only what is needed.

        Args:
            results: The results.
            transform: The crop or resize.
            crop: What crops its result.
            choose: What these two want of an image; see :meth:`Choice.of`.
        """
        path = image_path(results)
        try:
            image = fileio.held_or_read(path, self.backend_args)
            if not isinstance(image, HeldImage):
                data = image if isinstance(image, bytes) else image.read()
                image = JpegFile.of(data, self.imdecode_backend)
                if image is None:
                    img = imfrombytes(data, self.color_type, backend=self.imdecode_backend, where=path)
                    results = transform(self.finish(results, img, img.shape[:2]))
                    return crop(results) if crop else results
            fast = self.may_approximate
            window, inner, reduce, box = choose(image.shape, fast, image.scales)
            part = image.part(box, reduce, path, window.size is not None)  # resizing copies the pixels
        except (DataError, OSError):
            if self.ignore_empty:
                return None
            raise
        img, origin = part.pixels, (part.top, part.left)
        if window.kept or window.used:
            height, width = (-(-edge // reduce) for edge in image.shape[:2])
            start = window.needs_start_only(transform.interpolation, transform.backend)
            img, origin = part.framed(height, width, start), (0, 0)
        results = self.finish(results, img, image.shape[:2])
        results = transform.apply(results, window, reduce, fast, origin)
        if crop and inner:
            if window.kept:
                crop.finish(results, inner)
                return results
            return crop.apply(results, inner)
        return crop(results) if crop else results

    @property
    def loads_parts(self) -> bool:
        """Whether :meth:`load_part` gives the same results as loading the whole image."""
        plain = self.color_type.startswith("color") and self.imdecode_backend in _WITH_PARTS
        return plain and type(self).transform is LoadImageFromFile.transform

    @property
    def may_approximate(self) -> bool:
        """Whether large photos may be decoded at reduced size, and resized up to rounding."""
        return self.imdecode_backend != "exact" and not exact_pixels()


def _checked_range(value_range: Sequence[float]) -> tuple[float, float]:
    low, high = ordered_range("value_range", value_range)
    require(
        low < high and math.isfinite(high - low),
        f"value_range must be two finite numbers that differ, got {value_range!r}",
        key="value_range",
    )
    return float(low), float(high)


@TRANSFORMS.register_module()
class LoadAnnotations(BaseTransform):
    """Turn ``instances`` into arrays, and read a segmentation map.

    Adds ``gt_bboxes`` (N, 4), ``gt_bboxes_labels`` (N,), ``gt_keypoints`` (N, K, 3), ``gt_seg_map`` (H, W).

    Args:
        with_bbox: Read ``bbox`` of each instance.
        with_label: Read ``bbox_label`` of each instance.
        with_seg: Read the image at ``seg_map_path``.
        with_keypoints: Read ``keypoints`` of each instance.
        imdecode_backend: Decoder of the segmentation map.
        file_client_args: Old spelling of ``backend_args``.
        backend_args: Storage options.
    """

    def __init__(
        self,
        with_bbox: bool = True,
        with_label: bool = True,
        with_seg: bool = False,
        with_keypoints: bool = False,
        imdecode_backend: str = "cv2",
        file_client_args: dict | None = None,
        *,
        backend_args: dict | None = None,
    ) -> None:
        one_of("imdecode_backend", imdecode_backend, BACKENDS)
        self.with_bbox = with_bbox
        self.with_label = with_label
        self.with_seg = with_seg
        self.with_keypoints = with_keypoints
        self.imdecode_backend = imdecode_backend
        self.backend_args = storage_options(file_client_args, backend_args)

    def transform(self, results: dict) -> dict:
        if self.with_bbox:
            results["gt_bboxes"] = _gather(results, "bbox", np.float32).reshape(-1, 4)
        if self.with_label:
            results["gt_bboxes_labels"] = _gather(results, "bbox_label", np.int64)
        if self.with_seg:
            path = str(results["seg_map_path"])
            data = fileio.read_bytes(path, backend_args=self.backend_args)
            seg_map = imfrombytes(data, "unchanged", backend=self.imdecode_backend, where=path)
            results["gt_seg_map"] = seg_map.squeeze()
        if self.with_keypoints:
            points = _gather(results, "keypoints", np.float32)
            results["gt_keypoints"] = points.reshape(len(points), -1, 3)
        return results


def _gather(results: dict, key: str, dtype: Any) -> np.ndarray:
    return np.array([instance[key] for instance in results["instances"]], dtype=dtype)
