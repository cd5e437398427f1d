"""From bytes to pixels and back."""

from __future__ import annotations

import io
import os
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mmpretrain.datasets.transforms.checks import one_of
from mmpretrain.datasets.transforms.functional import arrays, dicom, jpeg, png, raw, tiff
from mmpretrain.errors import ConfigError, DataError, MMPretrainError
from mmpretrain.utils import fileio
from mmpretrain.utils.brief import brief, brief_text

CV2_FLAGS = {
    "color": cv2.IMREAD_COLOR,
    "grayscale": cv2.IMREAD_GRAYSCALE,
    "unchanged": cv2.IMREAD_UNCHANGED,
    "color_ignore_orientation": cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION,
    "grayscale_ignore_orientation": cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION,
}
BACKENDS = ("cv2", "pillow", "turbojpeg", "tifffile", "exact", "nvimgcodec")

#: Backends that know one format.
_ONLY = {"turbojpeg": "JPEG", "tifffile": "TIFF"}

#: Pixels that Pillow takes without an error.
DEFAULT_MAX_PIXELS = 178_956_970

_TIFF = "imdecode_backend='tifffile' reads TIFF of any number of channels and type."

#: How Encapsulated PostScript begins.
_POSTSCRIPT = (b"%!PS", b"\xc5\xd0\xd3\xc6")

#: What transparent pixels of grey images become (BGR mean of ImageNet in RGB order).
_BACKGROUND = (124, 117, 104)


def imread(
    path: str | Path,
    flag: str = "color",
    channel_order: str = "bgr",
    backend: str = "cv2",
    backend_args: Any = None,
) -> np.ndarray:
    """Read an image file from any storage.

    Args:
        path: A local path, or a URL that :mod:`mmpretrain.utils.fileio` understands.
        flag: ``'color'``, ``'grayscale'``, ``'unchanged'``, ``'color_ignore_orientation'`` or
            ``'grayscale_ignore_orientation'``.
        channel_order: ``'bgr'`` or ``'rgb'``.
        backend: See :func:`imfrombytes`.
        backend_args: Storage options.

    Raises:
        DataError: If it is no image that can be decoded.
    """
    data = fileio.read_bytes(str(path), backend_args=backend_args)
    return imfrombytes(data, flag, channel_order, backend, where=str(path))


def imread_size(path: str | Path, backend_args: Any = None) -> tuple[int, int]:
    """(height, width) that the header of an image file announces; (0, 0) if it announces none."""
    data = fileio.read_bytes(str(path), backend_args=backend_args)
    header = jpeg.read_header(data)
    if header is None:
        return _announced_size(data)
    return (header.height, header.width) if header.orientation < 5 else (header.width, header.height)


def imwrite(img: np.ndarray, path: str | Path, params: list[int] | None = None) -> bool:
    """Write a BGR image; the suffix names the format. Missing folders are made."""
    done, data = cv2.imencode(Path(path).suffix, img, params or [])
    os.makedirs(Path(path).parent, exist_ok=True)
    Path(path).write_bytes(data.tobytes())
    return done


def imfrombytes(
    data: bytes,
    flag: str = "color",
    channel_order: str = "bgr",
    backend: str = "cv2",
    where: str | None = None,
) -> np.ndarray:
    """Decode an image.

    Args:
        data: The content of the file.
        flag: See :func:`imread`.
        channel_order: ``'bgr'`` or ``'rgb'``.
        backend: ``'cv2'``, ``'exact'`` and ``'nvimgcodec'`` (the same here) give OpenCV's pixels,
            ``'pillow'`` Pillow's; ``'turbojpeg'`` reads JPEG only; ``'tifffile'`` reads TIFF only, as it is,
            whatever the flag.
            Arrays of NumPy and DICOM are recognised with any of them.
        where: File name for messages.

    Raises:
        DataError: If the data is empty, cut off, too large, or no image.
    """
    one_of("imdecode_backend", backend, BACKENDS)
    one_of("color_type", flag, CV2_FLAGS)
    one_of("channel_order", channel_order, ("bgr", "rgb"))
    if not data:
        raise DataError("The file is empty (0 bytes)", where=where)
    if arrays.is_array_file(data) or dicom.is_dicom(data):
        with decoding(data, where):
            return _decode_raw(data, flag, where)
    header = jpeg.read_header(data)
    if header is not None and not jpeg.is_complete(data, header):
        raise DataError(
            "The JPEG is cut off: it has no end marker", where=where, hint="Copy or download the file again."
        )
    if data[:4] in _POSTSCRIPT:  # Pillow would run Ghostscript
        raise DataError("This is PostScript, a program and no image", where=where)
    if data.startswith(png.SIGNATURE):
        png.check_chunks(data, where)
    with decoding(data, where, backend):
        if backend != "tifffile":  # which looks itself; Pillow knows few kinds of TIFF
            check_size(*(header.shape[:2] if header is not None else _announced_size(data)), where=where)
        img = _decode(data, header, flag, channel_order, backend, where)
    if img is None:
        raise DataError(_what(data), where=where)
    if img.size == 0:
        raise DataError(f"This image has no pixels (its shape is {img.shape})", where=where)
    return img


class decoding:
    """Add to the errors of decoders that the image is damaged, and its file name.

    Decoders raise almost anything about damaged files: what their authors thought of, and what they did not.

    Args:
        data: The content of the file.
        where: Its name.
        backend: What decodes it.
    """

    __slots__ = ("backend", "data", "where")

    def __init__(self, data: bytes, where: str | None, backend: str = "cv2") -> None:
        self.data, self.where, self.backend = data, where, backend

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, Exception) and not isinstance(error, (MMPretrainError, MemoryError)):
            raise _explained(error, self.data, self.where, self.backend) from error


def _explained(error: Exception, data: bytes, where: str | None, backend: str) -> DataError:
    """What an error of a decoder means."""
    is_tiff = data[:4] in tiff.MAGIC
    if isinstance(error, UnidentifiedImageError):
        return DataError(_what(data), where=where, hint=_TIFF if is_tiff else None)
    if backend == "tifffile" and ("imagecodecs" in str(error) or isinstance(error, ImportError)):
        return DataError(
            f"The way in which this TIFF is compressed needs imagecodecs ({brief_text(str(error), 200)})",
            where=where,
            hint="pip install 'mmpretrain[codecs]'; or imdecode_backend='cv2' for images of 1, 3 or 4 "
            "channels.",
        )
    hint = f"imdecode_backend={backend!r} reads {_ONLY[backend]} only." if backend in _ONLY else None
    if is_tiff:
        hint = None if backend == "tifffile" else _TIFF
    reason = str(error).strip().splitlines()[-1].strip() if str(error).strip() else type(error).__name__
    return DataError(f"{_what(data)} ({brief_text(reason, 200)})", where=where, hint=hint)


def max_pixels() -> int:
    """Return how many pixels an image may have: ``MMPRETRAIN_MAX_PIXELS``."""
    text = os.environ.get("MMPRETRAIN_MAX_PIXELS")
    if not text:
        return DEFAULT_MAX_PIXELS
    if not text.isdecimal():
        raise ConfigError(
            f"MMPRETRAIN_MAX_PIXELS must be a number of pixels, got {brief(text)}", hint="Set or unset it."
        )
    return int(text)


def check_size(height: int, width: int, where: str | None = None) -> None:
    """Refuse images of more than ``MMPRETRAIN_MAX_PIXELS`` (by default 178 956 970, the limit of Pillow).

    A file of a few kilobytes can announce an image that fills the memory.
    """
    limit = max_pixels()
    if height * width > limit:
        raise DataError(
            f"An image of {width} x {height} pixels exceeds the limit of {limit}",
            where=where,
            hint="If that is no mistake, raise the limit: MMPRETRAIN_MAX_PIXELS=...",
        )


def _announced_size(data: bytes) -> tuple[int, int]:
    """(height, width) that the header announces; (0, 0) when there is none that can be read."""
    if data[:8] == png.SIGNATURE and len(data) >= 24:
        return int.from_bytes(data[20:24], "big"), int.from_bytes(data[16:20], "big")
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.height, image.width
    except (Image.DecompressionBombError, MemoryError):
        raise
    except Exception:  # Pillow cannot read the header; another decoder may
        return 0, 0


def _decode_raw(data: bytes, flag: str, where: str | None) -> np.ndarray:
    """Decode what holds measurements, and has no other decoders."""
    if dicom.is_dicom(data):
        return dicom.read_dicom(data, flag, max_pixels(), where)
    img = arrays.read_array(data, max_pixels(), where)
    if img.size == 0:
        raise DataError(f"This image has no pixels (its shape is {img.shape})", where=where)
    return raw.as_asked(img, flag, where)


def _decode(
    data: bytes,
    header: jpeg.JpegHeader | None,
    flag: str,
    channel_order: str,
    backend: str,
    where: str | None,
) -> np.ndarray | None:
    if backend == "pillow":
        with Image.open(io.BytesIO(data)) as image:
            img = _from_pillow(image, flag, channel_order)
        if header is not None and jpeg.looks_cut(img):
            jpeg.decode_checked(data, "GRAY", where, min_height=1, min_width=1)
        return img
    if backend == "turbojpeg":
        one_of("color_type (imdecode_backend 'turbojpeg')", flag, ("color", "grayscale"))
        space = "GRAY" if flag == "grayscale" else channel_order.upper()
        img = jpeg.decode_checked(data, space, where)
        return img[..., 0] if flag == "grayscale" else img
    if backend == "tifffile":
        return tiff.read_tiff(data, max_pixels(), where)
    if header is not None and header.plain:
        return _decode_jpeg(data, header, flag, channel_order, where)
    if data[:4] in tiff.MAGIC:
        return _decode_tiff(data, flag, channel_order, where)
    return _by_opencv_or_pillow(data, flag, channel_order)


def _by_opencv_or_pillow(data: bytes, flag: str, channel_order: str) -> np.ndarray:
    img = cv2.imdecode(np.frombuffer(data, np.uint8), CV2_FLAGS[flag])
    if img is None:  # a format that OpenCV does not know
        with Image.open(io.BytesIO(data)) as image:
            return _from_pillow(image, flag, channel_order)
    if channel_order == "rgb" and flag.startswith("color"):
        img = cv2.cvtColor(img, cv2.COLOR_BGR2RGB)
    return img


def _decode_tiff(data: bytes, flag: str, channel_order: str, where: str | None) -> np.ndarray:
    """Decode pictures, and refuse what OpenCV and Pillow would misread without a word."""
    header = tiff.read_header(data)
    if header.is_misread:
        raise DataError("OpenCV and Pillow misread such a TIFF: its planes or bytes", where=where, hint=_TIFF)
    img = _by_opencv_or_pillow(data, flag, channel_order)
    channels = 1 if img.ndim == 2 else img.shape[2]
    if flag == "unchanged" and header.bands and header.samples > channels:
        what = f"This TIFF has {header.samples} channels, of which {channels} would be read"
        raise DataError(what, where=where, hint=_TIFF)
    return img


def _decode_jpeg(
    data: bytes, header: jpeg.JpegHeader, flag: str, channel_order: str, where: str | None
) -> np.ndarray:
    """The pixels of OpenCV, which has the same decoder, without its second copy; damage is an error."""
    if flag.startswith("grayscale") or (flag == "unchanged" and header.components == 1):
        img = jpeg.decode(data, header, "GRAY", where=where)[..., 0]
    else:
        order = "BGR" if flag == "unchanged" else channel_order.upper()
        img = jpeg.decode(data, header, order, where=where)  # type: ignore[arg-type]
    turns = flag in ("color", "grayscale") and header.orientation > 1
    return jpeg.upright(img, header.orientation) if turns else img


def _from_pillow(image: Image.Image, flag: str, channel_order: str) -> np.ndarray:
    if flag == "unchanged":
        array = np.array(image.convert("L") if image.mode == "1" else image)
        if array.ndim == 3 and array.shape[2] >= 3:
            array[..., :3] = array[..., 2::-1]
        return array
    if not flag.endswith("ignore_orientation"):
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        # convert() would cut everything above 255.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode == "LA":
        opaque = image.convert("RGBA")
        image = Image.new("RGB", opaque.size, _BACKGROUND)
        image.paste(opaque, mask=opaque.getchannel("A"))
    elif image.mode != "RGB":
        image = image.convert("RGB")
    if flag.startswith("grayscale"):
        return np.array(image.convert("L"))
    array = np.array(image)
    return array if channel_order == "rgb" else array[..., ::-1]


def _what(data: bytes) -> str:
    """What a file that is no image looks like."""
    start = data[:512].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml")):
        return "This is a web page or XML, not an image"
    return f"This is no image that can be decoded (it starts with {data[:8]!r})"
