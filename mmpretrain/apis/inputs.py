"""Converting the inputs of an inferencer to arrays."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from mmpretrain.errors import DataError
from mmpretrain.utils import fileio

#: A path or an address; an array ``(H, W, 3)`` in BGR, as OpenCV reads; a tensor ``(3, H, W)`` in RGB, as
#: torchvision has it; a Pillow image; or the bytes of an image file.
InputType = str | os.PathLike[str] | np.ndarray | torch.Tensor | Image.Image | bytes

#: Files that count as images where a folder is given.
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp", ".gif")

#: Files that count as images where a folder holds nothing else: beside images, arrays may be anything.
MEASURED_SUFFIXES = (".npy", ".npz", ".dcm", ".dicom")

_TAKES = "Give a path, a Pillow image, the bytes of an image file, or an array (H, W, 3) of uint8 in BGR."

#: Floats whose largest value is below cannot be told from an image whose values go from 0 to 1.
LEAST_BRIGHT = 2


def is_single(inputs: Any) -> bool:
    """Whether this is one image, and not several."""
    if isinstance(inputs, (np.ndarray, torch.Tensor)):
        return inputs.ndim != 4
    if isinstance(inputs, (str, os.PathLike)):
        return not os.path.isdir(inputs)
    return isinstance(inputs, (Image.Image, bytes, bytearray, memoryview)) or not hasattr(inputs, "__iter__")


def as_images(inputs: Any) -> Iterable[Any]:
    """Return the images that an input stands for: itself, those of a folder, or its items.

    Raises:
        DataError: If a folder holds no images.
    """
    if is_single(inputs):
        return [inputs]
    return in_folder(Path(inputs)) if isinstance(inputs, (str, os.PathLike)) else inputs


def in_folder(folder: Path) -> Sequence[str]:
    """Return the image files in a folder and those below, sorted; if there are none, arrays and DICOM.

    Raises:
        DataError: If there are neither.
    """
    files = [path for path in folder.rglob("*") if not path.is_dir()]
    for suffixes in (IMAGE_SUFFIXES, MEASURED_SUFFIXES):
        if found := sorted(str(path) for path in files if path.suffix.lower() in suffixes):
            return found
    known = ", ".join((*IMAGE_SUFFIXES, *MEASURED_SUFFIXES))
    raise DataError(f"the folder {str(folder)!r} holds no images ({known})")


def as_bgr(image: Any, number: int = 0) -> np.ndarray:
    """Return an image as an array ``(H, W, 3)`` in BGR, or ``(H, W)`` if it is grey, of uint8.

    Args:
        image: A Pillow image, an array (BGR, BGRA or grey), a tensor (RGB, RGBA or grey, channels first), or
            the bytes of an image file.
        number: Its number among the inputs, for messages.

    Raises:
        DataError: If it is none of these.
    """
    where = f"input {number}"
    if isinstance(image, (bytes, bytearray, memoryview)):
        image = _decoded(bytes(image), where)
    if isinstance(image, Image.Image):
        return _from_pillow(image, where)
    if isinstance(image, torch.Tensor):
        return _from_tensor(image, where)
    if not isinstance(image, np.ndarray):
        raise DataError(_strange(image), where=where, hint=_TAKES)
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (1,), (3,), (4,)) or 0 in image.shape:
        hint = "Channels come last." if image.ndim == 3 and image.shape[0] in (1, 3, 4) else _TAKES
        raise DataError(f"an array of shape {image.shape} is no image", where=where, hint=hint)
    image = _as_pixels(image, where)
    if image.shape[2:] == (1,):
        return image[..., 0]
    return np.ascontiguousarray(image[..., :3]) if image.shape[2:] == (4,) else image


def as_rgb(image: InputType) -> np.ndarray:
    """Read an image for drawing: ``(H, W, 3)``, RGB."""
    if isinstance(image, (str, os.PathLike)):
        with fileio.open_binary(image) as file, Image.open(file) as opened:
            return np.asarray(opened.convert("RGB"))
    array = as_bgr(image)
    if array.ndim == 2:
        return np.repeat(array[..., None], 3, axis=2)
    return np.ascontiguousarray(array[..., ::-1])


def _as_pixels(image: np.ndarray, where: str) -> np.ndarray:
    """Return pixels as uint8; numbers of other types are taken if it is certain that they go from 0 to 255.

    Other ranges are refused: the model would give an answer, and a wrong one.
    """
    if image.dtype == np.uint8:
        return image
    if image.dtype.kind not in "fiub":
        raise DataError(f"an array of {image.dtype} is no image", where=where, hint=_TAKES)
    low, high = image.min(), image.max()
    if image.dtype.kind in "fi" and low >= 0 and LEAST_BRIGHT <= high <= 255:
        return np.rint(image).astype(np.uint8)
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        hint = "Remove what is NaN or infinite."
    elif low >= 0 and high <= 1:
        hint = "For values from 0 to 1: (255 * image).round().astype('uint8')."
    elif low < 0:
        hint = "Undo the normalisation: the model normalises by itself."
    else:
        hint = "For 16 bits: (image >> 8).astype('uint8')."
    raise DataError(
        f"pixels go from 0 to 255 (uint8), and not as {image.dtype} from {low} to {high}",
        where=where,
        hint=hint,
    )


def _from_tensor(image: torch.Tensor, where: str) -> np.ndarray:
    if image.ndim not in (2, 3) or image.shape[:-2] not in ((), (1,), (3,), (4,)) or 0 in image.shape:
        last = image.ndim == 3 and image.shape[2] in (1, 3, 4)
        raise DataError(
            f"a tensor of shape {tuple(image.shape)} is no image",
            where=where,
            hint="Channels come first." if last else "Give a tensor (3, H, W), RGB.",
        )
    array = image.detach().cpu()
    array = (array.float() if array.is_floating_point() else array).numpy()
    if array.dtype.kind == "f":
        if not (array.min() >= 0 and array.max() <= 1):  # NaN is in no range
            raise DataError(
                f"a tensor of floats goes from 0 to 1, as torchvision has it, and not from {array.min()} to "
                f"{array.max()}",
                where=where,
                hint="Give uint8, and leave normalising to the model.",
            )
        array = np.rint(255 * array).astype(np.uint8)
    array = _as_pixels(array, where)
    if array.ndim == 2 or array.shape[0] == 1:
        return np.ascontiguousarray(array.reshape(array.shape[-2:]))
    return np.ascontiguousarray(array[2::-1].transpose(1, 2, 0))


def _decoded(data: bytes, where: str) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(
            f"{len(data)} bytes are no image file that can be read ({error})", where=where, hint=_TAKES
        ) from error
    return image


def _from_pillow(image: Image.Image, where: str) -> np.ndarray:
    if 0 in image.size:
        raise DataError(f"an image of {image.size[0]} x {image.size[1]} is empty", where=where)
    if image.mode.startswith("I"):  # 16 bits: convert() would cut everything above 255
        return (np.asarray(image, dtype=np.int64) >> 8).clip(0, 255).astype(np.uint8)
    if image.mode == "F":
        return _as_pixels(np.asarray(image), where)
    if image.mode in ("L", "1"):
        return np.asarray(image.convert("L"))
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[..., ::-1])


def _strange(image: Any) -> str:
    kind = type(image).__name__
    shape = getattr(image, "shape", None)
    return f"a {kind} of shape {tuple(shape)} is no image" if shape is not None else f"a {kind} is no image"
