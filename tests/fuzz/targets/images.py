"""Image files: mutated in every format that is read, and small files that claim to be huge."""

from __future__ import annotations

import io
import os
import struct
import zlib
from functools import cache
from random import Random

import numpy as np
from PIL import Image, features

from mmpretrain.datasets.transforms import Compose
from mmpretrain.registry import TRANSFORMS
from tests.fuzz.case import Case, Target
from tests.fuzz.mutate import mutate_bytes

_FORMATS = {
    "jpg": "JPEG",
    "png": "PNG",
    "gif": "GIF",
    "bmp": "BMP",
    "tiff": "TIFF",
    "webp": "WEBP",
    "ppm": "PPM",
}
_BACKENDS = ("auto", "cv2", "pillow")
_COLORS = ("color", "grayscale", "unchanged")


@cache
def corpus() -> dict[str, bytes]:
    """Return one small image for each format and mode, made here."""
    ramp = np.arange(24 * 20 * 3, dtype=np.uint32).reshape(24, 20, 3) * 37 % 251
    picture = Image.fromarray(ramp.astype(np.uint8))
    files = {}
    for suffix, name in _FORMATS.items():
        for mode in ("RGB", "L", "P", "RGBA", "1", "I;16", "CMYK"):
            stream = io.BytesIO()
            try:
                (Image.new(mode, (20, 24), 7) if mode == "I;16" else picture.convert(mode)).save(stream, name)
            except (OSError, KeyError, ValueError):  # a mode that the format does not have
                continue
            files[f"{mode.replace(';', '')}.{suffix}"] = stream.getvalue()
    frames = [picture, picture.rotate(90), picture.rotate(180)]
    for suffix, name in (("gif", "GIF"), ("webp", "WEBP"), ("png", "PNG"), ("tiff", "TIFF")):
        stream = io.BytesIO()
        frames[0].save(stream, name, save_all=True, append_images=frames[1:])
        files[f"frames.{suffix}"] = stream.getvalue()
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        stream = io.BytesIO()
        picture.save(stream, "TIFF", compression=compression)
        files[f"{compression}.tiff"] = stream.getvalue()
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    picture.save(stream, "JPEG", exif=exif, progressive=True)
    files["turned.jpg"] = stream.getvalue()
    if features.check("avif"):
        stream = io.BytesIO()
        picture.save(stream, "AVIF")
        files["RGB.avif"] = stream.getvalue()
    return files


def _png(width: int, height: int, rows: bytes, depth: int = 8, color: int = 2) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def _jpeg(width: int, height: int) -> bytes:
    data = bytearray(corpus()["RGB.jpg"])
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def _gif(width: int, height: int) -> bytes:
    data = bytearray(corpus()["RGB.gif"])
    data[6:10] = struct.pack("<HH", width, height)
    frame = data.index(b"\x2c\0\0\0\0")
    data[frame + 5 : frame + 9] = struct.pack("<HH", width, height)
    return bytes(data)


def _bmp(width: int, height: int) -> bytes:
    data = bytearray(corpus()["RGB.bmp"])
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


def _tiff(width: int, height: int) -> bytes:
    data = bytearray(corpus()["RGB.tiff"])
    start = struct.unpack("<I", data[4:8])[0]
    for index in range(struct.unpack("<H", data[start : start + 2])[0]):
        entry = start + 2 + 12 * index
        tag = struct.unpack("<H", data[entry : entry + 2])[0]
        if tag in (256, 257):
            data[entry + 2 : entry + 12] = struct.pack("<HII", 4, 1, width if tag == 256 else height)
    return bytes(data)


def _ppm(width: int, height: int) -> bytes:
    return f"P6 {width} {height} 255\n".encode() + b"\1\2\3"


@cache
def special() -> dict[str, bytes]:
    """Return images that are small on disk and odd or huge in memory."""
    files = {
        "narrow.png": _png(1, 20000, b"\0\1\2\3" * 20000),
        "flat.png": _png(20000, 1, b"\0" + b"\1\2\3" * 20000),
        "bomb.png": _png(20000, 20000, (b"\0" + bytes(60000)) * 2000),
        "bilevel bomb.png": _png(65000, 65000, (b"\0" + bytes(8125)) * 65000, depth=1, color=0),
        "empty.png": b"",
        "text.jpg": b"<html>no image</html>",
        "only magic.jpg": b"\xff\xd8\xff",
        "zeros.png": bytes(1000),
    }
    sizes = ((65535, 65535), (0, 0), (0, 5), (65535, 1), (1, 65535), (30000, 30000), (2**31 - 1, 1))
    for name, write in (
        ("png", lambda w, h: _png(w, h, b"\0")),
        ("bmp", _bmp),
        ("tiff", _tiff),
        ("ppm", _ppm),
    ):
        files |= {f"claims {width}x{height}.{name}": write(width, height) for width, height in sizes}
    for name, write in (("jpg", _jpeg), ("gif", _gif)):
        files |= {f"claims {width}x{height}.{name}": write(width, height) for width, height in sizes[:-1]}
    return files


def make(rng: Random, number: int) -> Case:
    """First the special files with each decoder, then mutated ones."""
    fixed = [(name, backend) for name in special() for backend in _BACKENDS]
    if number < len(fixed):
        name, backend = fixed[number]
        return Case(f"{name} by {backend}", {name: special()[name]}, [name, backend, "color"])
    name = rng.choice(tuple(corpus()))
    data = mutate_bytes(corpus()[name], rng, other=corpus()[rng.choice(tuple(corpus()))])
    return Case(f"mutated {name}", {name: data}, [name, rng.choice(_BACKENDS), rng.choice(_COLORS)])


def run(case: Case) -> None:
    """Load the image and prepare it as for a test, where shapes are extreme."""
    # Decoding what the usual limit allows takes more seconds than a case has.
    os.environ["MMPRETRAIN_MAX_PIXELS"] = "20000000"
    name, backend, color = case.argument
    load = dict(type="LoadImageFromFile", color_type=color)
    if backend != "auto":
        load["imdecode_backend"] = backend
    steps = [load, dict(type="ResizeEdge", scale=256, edge="short"), dict(type="CenterCrop", crop_size=224)]
    Compose([TRANSFORMS.build(step) for step in [*steps, dict(type="PackInputs")]])({"img_path": name})


TARGET = Target("images", make, run, quick=150)
