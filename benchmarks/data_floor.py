"""What decoders, filters and warps alone need for the pipelines of ``data_pipeline.py``, with exact pixels.

Everything else is done beforehand: files are read, boxes drawn, parts of packed JPEGs cut out. What is left
are calls of libjpeg-turbo, OpenCV and Pillow, which any pipeline with these pixels has to make. So the time
of MMPretrain 1.2 over this time is the most that can be reached. ``data_pipeline.py --targets`` shows both.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg
from PIL import Image

#: Of 14 operations of RandAugment five are warps, two are drawn, and each is applied half of the time.
WARPED = (5, 14)
PILLOW = Image.Resampling.BICUBIC


def floor_seconds(kind: str, name: str, folder: str) -> Callable[[], float]:
    """Return what measures the processor time per image of the calls that cannot be left out.

    Args:
        kind: ``'floor files'``, ``'floor jpeg'`` or ``'floor raw'``: what the images are.
        name: The pipeline.
        folder: The images; of packed ones, the pack.
    """
    make = _of_files if kind == "floor files" else _of_pack
    np.random.seed(0)  # the boxes are those of the pipelines
    calls = [
        call for number, call in enumerate(make(name, folder)) for call in [call, *_further(name, number)]
    ]
    count = sum(1 for path in Path(folder).iterdir()) if kind == "floor files" else len(_pack(folder))

    def measure() -> float:
        start = time.process_time()
        for call in calls:
            call()
        return (time.process_time() - start) / count

    measure()
    return measure


def _further(name: str, number: int) -> list[Callable[[], Any]]:
    """Splitting the result into planes and, for some images, a warp."""
    image = np.random.RandomState(number).randint(0, 256, (224, 224, 3)).astype(np.uint8)
    calls: list[Callable[[], Any]] = [partial(cv2.split, image)]
    if name == "randaug" and number % WARPED[1] < WARPED[0]:
        shear = np.array([[1, 0.1, 0], [0, 1, 0]], np.float32)
        calls.append(partial(cv2.warpAffine, image, shear, (224, 224), flags=cv2.INTER_CUBIC))
    return calls


def _of_files(name: str, folder: str) -> list[Callable[[], Any]]:
    from mmpretrain.datasets.transforms.held import JpegFile

    held = [JpegFile.of(path.read_bytes(), "exact") for path in sorted(Path(folder).iterdir())]
    return [_calls(image, name) for image in held]


def _pack(folder: str) -> Any:
    from mmpretrain.datasets import PackedDataset

    return PackedDataset(folder, pipeline=[])


def _of_pack(name: str, folder: str) -> list[Callable[[], Any]]:
    dataset = _pack(folder)
    return [_calls(dataset.image(dataset.get_data_info(number)), name) for number in range(len(dataset))]


def _calls(image: Any, name: str) -> Callable[[], Any]:
    """Decoding what a window needs, unless the image is decoded, and resizing it."""
    from mmpretrain.datasets.transforms import CenterCrop, RandomResizedCrop, ResizeEdge
    from mmpretrain.datasets.transforms.functional import restarts
    from mmpretrain.datasets.transforms.functional.scratch import borrowed
    from mmpretrain.datasets.transforms.held import HeldPixels, JpegFile

    if name == "val":
        window = ResizeEdge(256).window(image.shape)
        inner = CenterCrop(224).window(window.size)  # type: ignore[arg-type]
        box = window.keeping((inner.top, inner.left, inner.height, inner.width), False).source("bilinear")
        box = (0, 0, box[0] + box[2], box[1] + box[3]) if isinstance(image, HeldPixels) else box
        size = (inner.left + 224, inner.top + 224)
    else:
        crop = RandomResizedCrop(224).window(image.shape)
        box, size = (crop.top, crop.left, crop.height, crop.width), (224, 224)
        np.random.random_sample()  # the flip
    part = image.part(box, 1, None).pixels
    resized = part[: box[0] + box[2]] if isinstance(image, JpegFile) else part
    decode: Callable[[], Any] = int
    if isinstance(image, JpegFile):
        header = image.header
        rows = min(box[0] + box[2] + header.row_block // 4, header.height)
        short = bytearray(image.data)
        short[header.height_at : header.height_at + 2] = rows.to_bytes(2, "big")
        decode = partial(
            simplejpeg.decode_jpeg, bytes(short), "BGR", strict=False, buffer=borrowed("floor", part.shape)
        )
    elif not isinstance(image, HeldPixels):
        small, shown = restarts.splice(image.data, image.intervals, image.starts, _grown(box, image.shape))
        decode = partial(
            simplejpeg.decode_jpeg,
            bytes(small),
            "BGR",
            strict=False,
            buffer=borrowed("floor", (*shown[2:], 3)),
        )
    cut = np.ascontiguousarray(resized[-box[2] :, : box[3]])
    if name == "randaug":
        picture = Image.fromarray(cut)
        resize: Callable[[], Any] = partial(picture.resize, size, PILLOW)
    else:
        resize = partial(cv2.resize, cut, size)
    return lambda: (decode(), resize())


def _grown(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """A box with the margin that its pixels depend on."""
    from mmpretrain.datasets.transforms.functional.restarts import MARGIN

    top, left = max(box[0] - MARGIN, 0), max(box[1] - MARGIN, 0)
    return (
        top,
        left,
        min(box[0] + box[2] + MARGIN, shape[0]) - top,
        min(box[1] + box[3] + MARGIN, shape[1]) - left,
    )
