"""Converting the inputs of an inferencer to arrays."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from mmpretrain.errors import DataError

#: A path, an array ``(H, W, 3)`` in BGR (as OpenCV reads), a Pillow image, or the bytes of an image file.
InputType = str | os.PathLike[str] | np.ndarray | Image.Image | bytes

_TAKES = "Give a path, a Pillow image, the bytes of an image file, or an array (H, W, 3) of uint8 in BGR."


def is_single(inputs: Any) -> bool:
    """Whether this is one image, and not several."""
    if isinstance(inputs, np.ndarray):
        return inputs.ndim != 4
    return isinstance(inputs, (str, os.PathLike, Image.Image, bytes, bytearray, memoryview)) or not hasattr(
        inputs, "__iter__"
    )


def as_bgr(image: Any, number: int = 0) -> np.ndarray:
    """Return an image as an array ``(H, W, 3)`` in BGR, or ``(H, W)`` if it is grey, of uint8.

    Args:
        image: A Pillow image, an array (BGR, BGRA or grey), or the bytes of an image file.
        number: Its number among the inputs, for messages.

    Raises:
        DataError: If it is none of these.
    """
    where = f"input {number}"
    if isinstance(image, (bytes, bytearray, memoryview)):
        image = _decoded(bytes(image), where)
    if isinstance(image, Image.Image):
        return _from_pillow(image)
    if not isinstance(image, np.ndarray):
        raise DataError(_strange(image), where=where, hint=_TAKES)
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (1,), (3,), (4,)) or 0 in image.shape:
        hint = "Channels come last." if image.ndim == 3 and image.shape[0] in (1, 3, 4) else _TAKES
        raise DataError(f"an array of shape {image.shape} is no image", where=where, hint=hint)
    if image.dtype != np.uint8:
        raise DataError(
            f"pixels are uint8 from 0 to 255, and not {image.dtype} from {image.min()} to {image.max()}",
            where=where,
            hint="Convert it: (255 * image).astype('uint8') for values from 0 to 1.",
        )
    if image.shape[2:] == (1,):
        return image[..., 0]
    return np.ascontiguousarray(image[..., :3]) if image.shape[2:] == (4,) else image


def _decoded(data: bytes, where: str) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(
            f"{len(data)} bytes are no image file that can be read ({error})", where=where, hint=_TAKES
        ) from error
    return image


def _from_pillow(image: Image.Image) -> np.ndarray:
    if image.mode.startswith("I"):  # 16 bits: convert() would cut everything above 255
        return (np.asarray(image, dtype=np.int64) >> 8).clip(0, 255).astype(np.uint8)
    if image.mode in ("L", "1"):
        return np.asarray(image.convert("L"))
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[..., ::-1])


def _strange(image: Any) -> str:
    kind = type(image).__name__
    shape = getattr(image, "shape", None)
    return f"a {kind} of shape {tuple(shape)} is no image" if shape is not None else f"a {kind} is no image"
