"""How one image is packed."""

from __future__ import annotations

import io
import math
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from PIL import Image, JpegImagePlugin

from mmpretrain.datasets.packed.layout import FILE, PIXELS, RESTARTS
from mmpretrain.datasets.transforms.functional import jpeg
from mmpretrain.datasets.transforms.functional.io import check_size, imfrombytes
from mmpretrain.datasets.transforms.functional.restarts import Intervals, Layout, find_intervals, read_layout
from mmpretrain.datasets.transforms.resize import edge_size
from mmpretrain.errors import DataError

Format = Literal["jpeg", "raw", "keep"]
#: The program of libjpeg-turbo that changes JPEGs without decoding them.
TOOL = "jpegtran"
#: How long it may take for an image, in seconds.
PATIENCE = 120
#: Columns between two restart markers: fewer decode less around a crop, and cost more bytes.
INTERVAL, LARGEST_INTERVAL = 32, 128
#: Quality of JPEGs that have to be encoded because they are resized.
QUALITY = 95


@dataclass(frozen=True)
class Encoding:
    """How images are packed.

    Attributes:
        format: ``'jpeg'`` adds restart markers to JPEGs, ``'raw'`` keeps pixels, ``'keep'`` keeps files.
        short_edge: Images whose short edge is longer are resized to it.
        quality: Of JPEGs that are encoded again. None: only those are that must be, with ``QUALITY``.
    """

    format: Format = "jpeg"
    short_edge: int | None = None
    quality: int | None = None


@dataclass(frozen=True)
class Stored:
    """An image as it is stored.

    Attributes:
        kind: ``FILE``, ``RESTARTS`` or ``PIXELS``.
        data: The bytes.
        shape: (height, width); zeros where it is not known.
        intervals: How a JPEG is divided.
        starts: Where its intervals begin.
        psnr: How near its pixels are to those before, in dB; infinite if they are the same.
        note: Why it was kept as it was, if it was.
    """

    kind: int
    data: bytes
    shape: tuple[int, int] = (0, 0)
    intervals: Intervals | None = None
    starts: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint32))
    psnr: float = math.inf
    note: str = ""


def jpegtran() -> str | None:
    """Where the program ``jpegtran`` is, if it is installed."""
    return shutil.which(TOOL)


def encode(data: bytes, how: Encoding, tool: str | None = None) -> Stored:
    """Make of a file what is stored of it.

    Args:
        data: The file.
        how: The settings.
        tool: ``jpegtran``, if it is there.

    Returns:
        The image. What cannot be decoded, and what does not have 8 bits for each colour, is kept as it is.
    """
    layout = read_layout(data)
    if how.format == "raw" or how.short_edge is not None:
        try:
            pixels = _pixels(data)
        except DataError:
            pixels = None
        if pixels is None:
            return Stored(FILE, data, note="no 8-bit image")
        height, width = pixels.shape[:2]
        if how.short_edge is not None and min(height, width) > how.short_edge:
            width, height = edge_size(height, width, how.short_edge, "short")
            pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
            if how.format == "jpeg":
                grey = layout is not None and layout.header.components == 1
                return _written(pixels, how.quality or QUALITY, 2, grey)
        if how.format == "raw":
            return Stored(PIXELS, pixels.tobytes(), (height, width))
    if how.format == "jpeg":
        return _with_markers(data, layout, how, tool)
    return _kept(data)


def _kept(data: bytes, note: str = "") -> Stored:
    """Keep a file; one that has restart markers already can be decoded in parts."""
    found = find_intervals(data)
    if found is None or found[0].columns < 2:
        return Stored(FILE, data, note=note)
    return Stored(RESTARTS, data, (found[0].height, found[0].width), found[0], found[1])


def _pixels(data: bytes) -> np.ndarray | None:
    """BGR pixels as pipelines see them; None for what has more than 8 bits or four channels."""
    header = jpeg.read_header(data)
    if header is None or not header.plain:
        raw = imfrombytes(data, "unchanged")
        if raw.dtype != np.uint8 or (raw.ndim == 3 and raw.shape[2] not in (1, 3, 4)):
            return None
    return imfrombytes(data)


def _with_markers(data: bytes, layout: Layout | None, how: Encoding, tool: str | None) -> Stored:
    """Give a JPEG restart markers: losslessly if that is possible, or at the quality that was asked for."""
    kept = _kept(data)
    if kept.kind == RESTARTS and how.quality is None:
        return kept
    header = jpeg.read_header(data)
    if header is None:
        return kept
    if not header.ordinary:
        return _kept(data, "CMYK, more than 8 bits, or turned by EXIF")
    if how.quality is not None and layout is not None:
        with Image.open(io.BytesIO(data)) as image:
            sampling = JpegImagePlugin.get_sampling(image)
        pixels = imfrombytes(data)
        return _written(pixels, how.quality, sampling if sampling in (0, 1, 2) else 2, header.components == 1)
    if tool is None:
        return _kept(data, f"{TOOL} is not installed")
    return _transcoded(data, tool) or _kept(data, "progressive or odd")


def _transcoded(data: bytes, tool: str) -> Stored | None:
    """Add restart markers without decoding; None if that does not keep every pixel."""
    layout = read_layout(data)
    for _ in range(2):  # how a progressive image is divided is known after the first time
        blocks = restart_blocks(layout.across, layout.block[1]) if layout is not None else 1
        command = [tool, "-copy", "all", "-optimize", "-restart", f"{blocks}B"]
        try:
            done = subprocess.run(command, input=data, capture_output=True, timeout=PATIENCE, check=True)
        except (OSError, subprocess.SubprocessError):
            return None
        found = find_intervals(done.stdout) if layout is not None else None
        layout = read_layout(done.stdout)
        if found is not None or layout is None:
            break
    if found is None:
        return None
    try:
        same = np.array_equal(imfrombytes(done.stdout), imfrombytes(data))
    except DataError:
        return None
    return (
        Stored(RESTARTS, done.stdout, (found[0].height, found[0].width), found[0], found[1]) if same else None
    )


def restart_blocks(across: int, width: int) -> int:
    """How many blocks are between two markers, so that a row of blocks is a whole number of intervals.

    Args:
        across: Blocks in a row.
        width: Of a block, in pixels.
    """
    most = min(across, LARGEST_INTERVAL // width)
    divisors = [number for number in range(1, most + 1) if across % number == 0]
    return min(divisors, key=lambda number: (abs(math.log(number * width / INTERVAL)), number))


def _written(pixels: np.ndarray, quality: int, sampling: int, grey: bool) -> Stored:
    """Encode pixels as a JPEG with restart markers."""
    height, width = pixels.shape[:2]
    check_size(height, width)
    block = 8 if sampling == 0 or grey else 16
    image = Image.fromarray(pixels[..., 0] if grey else np.ascontiguousarray(pixels[..., ::-1]))
    options = {} if grey else {"subsampling": sampling}
    file = io.BytesIO()
    blocks = restart_blocks(-(-width // block), block)
    image.save(file, "JPEG", quality=quality, optimize=True, restart_marker_blocks=blocks, **options)
    data = file.getvalue()
    error = float(np.mean((imfrombytes(data).astype(np.float32) - pixels) ** 2))
    psnr = 10 * math.log10(255**2 / error) if error else math.inf
    found = find_intervals(data)
    if found is None:
        return Stored(FILE, data, psnr=psnr)
    return Stored(RESTARTS, data, (height, width), found[0], found[1], psnr=psnr)
