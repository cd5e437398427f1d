"""TIFF files with any number of channels, by tifffile."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np

from mmpretrain.datasets.transforms.functional.raw import as_image, check_bytes
from mmpretrain.errors import DataError
from mmpretrain.utils.optional import optional_import

#: How TIFF and BigTIFF begin, in either byte order.
MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_tiff(data: bytes, limit: int, where: str | None) -> np.ndarray:
    """Read the first image of a TIFF file, (H, W) or (H, W, C), with its channels in the order of the file.

    Channels may be samples of a pixel, planes, or pages.

    Args:
        data: The file.
        limit: The most pixels that an image may have.
        where: File name for messages.

    Raises:
        DataError: If it is no such image, is cut off, or too large.
        OptionalDependencyError: If tifffile is not installed.
    """
    tifffile: Any = optional_import("tifffile", feature="imdecode_backend='tifffile'", extra="tiff")
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        series = file.series[0]
        axes = [(axis, size) for axis, size in zip(series.axes, series.shape) if size > 1 or axis in "YX"]
        check_bytes(math.prod(series.shape) * series.dtype.itemsize, limit, where)
        if len(axes) > 3 or [axis for axis, _ in axes if axis in "YX"] != ["Y", "X"]:
            shape = tuple(size for _, size in axes)
            raise DataError(f"A TIFF of shape {shape} (axes {series.axes}) is no image", where=where)
        array = series.asarray().reshape([size for _, size in axes])
    if len(axes) == 3 and axes[0][0] not in "YX":
        array = array.transpose(1, 2, 0)
    return as_image(array, where)
