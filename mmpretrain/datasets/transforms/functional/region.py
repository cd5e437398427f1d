"""Decoding a box of an ordinary JPEG with NVIDIA's nvImageCodec, on the CPU.

What is above the box and beside it is not turned into pixels, so a box of a file as it is costs less than the
rows down to its end. Pixels are those of libjpeg-turbo, which it has inside. Damage is not noticed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from mmpretrain.datasets.transforms.functional.geometry import Box
from mmpretrain.utils.optional import optional_import

#: The device of a decoder that uses none.
CPU_ONLY = -99999
#: A box that is a larger part of the rows down to its end gains nothing.
LARGEST = 0.75

_decoders: dict[int, tuple[Any, Any]] = {}


def decode_box(data: bytes, box: Box) -> np.ndarray | None:
    """Decode a box of a JPEG; BGR, (H, W, 3), or None if it cannot be decoded.

    Args:
        data: The file.
        box: (top, left, height, width).
    """
    library, decoder = _decoder()
    top, left, height, width = box
    region = library.Region(top, left, top + height, left + width)
    params = library.DecodeParams(apply_exif_orientation=False, sample_format=library.SampleFormat.I_BGR)
    image = decoder.decode(library.CodeStream(data).get_sub_code_stream(region=region), params=params)
    if image is None:
        return None
    pixels = np.asarray(image.cpu())
    return pixels if pixels.shape == (height, width, 3) else None


def _decoder() -> tuple[Any, Any]:
    """The library and the decoder of this process: its threads do not survive a fork."""
    process = os.getpid()
    if process not in _decoders:
        with _quiet():
            library = optional_import(
                "nvidia.nvimgcodec", feature="imdecode_backend='nvimgcodec'", extra="nvimgcodec"
            )
            backends = [library.Backend(library.BackendKind.CPU_ONLY)]
            decoder = library.Decoder(device_id=CPU_ONLY, max_num_cpu_threads=1, backends=backends)
        _decoders.clear()
        _decoders[process] = (library, decoder)
    return _decoders[process]


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back the complaints about libraries for GPUs, which the library prints when it is loaded."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
