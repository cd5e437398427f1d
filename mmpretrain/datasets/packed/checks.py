"""Checking an index before it is believed: it may come from anybody."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from mmpretrain.datasets.packed.layout import FIELDS, FILE, HASH_BYTES, PIXELS, RESTARTS
from mmpretrain.datasets.transforms.functional.io import check_size, max_pixels
from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.utils.brief import brief

#: Images that are looked at together.
CHUNK = 1 << 18
#: Largest edge of a JPEG.
JPEG_EDGE = 65_535
#: Largest edge of anything; the product of two fits 64 bits.
LONGEST = 1 << 24


def check_header(header: dict[str, Any], arrays: dict[str, np.ndarray], where: str) -> None:
    """Check that a header has what is read of it, and that all arrays have an item for each sample.

    Raises:
        DataError: If not.
    """
    samples, shards, columns = (header.get(key) for key in ("samples", "shards", "columns"))
    if not isinstance(samples, int) or samples < 0:
        raise _damaged(where, f"its number of samples is {brief(samples)}")
    if not isinstance(shards, list) or not all(map(_is_shard, shards)):
        raise _damaged(where, f"its shards are {brief(shards)}")
    if not isinstance(columns, dict) or not isinstance(header.get("metainfo"), dict):
        raise _damaged(where, "its columns or its meta information are missing")
    if "img_path" in columns:
        raise _damaged(where, "it lists the names of images twice")
    if not isinstance(header.setdefault("settings", {}), dict):
        raise _damaged(where, f"its settings are {brief(header['settings'])}")
    wanted = {**FIELDS, "hash": "|u1"}
    for name, kind in wanted.items():
        shape = (samples, HASH_BYTES) if name == "hash" else (samples,)
        array = arrays.get(name)
        if array is None or array.dtype.str != kind or array.shape != shape:
            raise _damaged(where, f"its array {name!r} does not fit {samples:,} samples")
    for name, kind in {"img_path": "text", **columns}.items():
        _check_column(name, kind, samples, arrays, where)
    classes = header["metainfo"].get("classes")
    if classes is not None and not (
        isinstance(classes, list) and all(isinstance(name, str) for name in classes)
    ):
        raise _damaged(where, f"its class names are {brief(classes)}")
    labels = arrays.get("column/gt_label")
    largest = int(labels.max()) if labels is not None and columns.get("gt_label") == "int" and samples else -1
    if classes and largest >= len(classes):
        raise _damaged(where, f"a label is {largest}, and it has {len(classes)} classes")


def _is_shard(item: Any) -> bool:
    match item:
        case {"name": str(name), "bytes": int(size)}:
            plain = name not in ("", ".", "..") and not {"/", "\\", "\0", ":"} & set(name)
            return plain and size >= 0
    return False


def _check_column(name: str, kind: Any, samples: int, arrays: dict[str, np.ndarray], where: str) -> None:
    values, bounds = arrays.get(f"column/{name}"), arrays.get(f"column/{name}/at")
    if kind in ("int", "float", "array"):
        good = values is not None and len(values) == samples
        good = good and (kind == "array" or (values.ndim == 1 and values.dtype.kind == kind[0]))  # type: ignore[union-attr]
    elif kind in ("text", "json"):
        good = values is not None and values.dtype == np.uint8 and values.ndim == 1
        good = good and bounds is not None and bounds.dtype.str == "<u8" and bounds.shape == (samples + 1,)
        good = good and _rises(bounds, len(values))  # type: ignore[arg-type]
    else:
        good = False
    if not good:
        raise _damaged(where, f"its column {name!r} of kind {brief(kind)} does not fit {samples:,} samples")


def _rises(bounds: np.ndarray, end: int) -> bool:
    """Whether bounds go from 0 to ``end`` and never back; in pieces, as there may be millions."""
    pieces = (bounds[first : first + CHUNK + 1] for first in range(0, len(bounds), CHUNK))
    return int(bounds[0]) == 0 and int(bounds[-1]) == end and all((p[1:] >= p[:-1]).all() for p in pieces)


def check_places(header: dict[str, Any], arrays: dict[str, np.ndarray], folder: str, where: str) -> None:
    """Check that the shards are there, and that every image lies in one of them, apart from all others.

    Raises:
        DataError: If not.
        MissingFileError: If a shard is missing.
    """
    shards = header["shards"]
    for shard in shards:
        path = os.path.join(folder, shard["name"])
        if not os.path.isfile(path):
            raise MissingFileError(f"There is no shard {path!r}", hint="Copy the whole folder.")
        if (size := os.path.getsize(path)) != shard["bytes"]:
            raise DataError(
                f"This shard has {size:,} bytes, and its index says {shard['bytes']:,}",
                where=path,
                hint="Copy or pack it again.",
            )
    limits = np.array([shard["bytes"] for shard in shards], np.int64)
    end, last = 0, 0  # of the image before
    for first in range(0, header["samples"], CHUNK):
        part = {name: arrays[name][first : first + CHUNK].astype(np.int64) for name in FIELDS}
        if part["shard"].max() >= len(limits):
            raise _damaged(where, f"an image is in shard {part['shard'].max()} of {len(limits)}")
        if (bad := _misplaced(part, limits, end, last)) is not None:
            raise _damaged(where, f"image {first + bad:,} lies outside of its shard, or over another image")
        sizes = part["height"] * part["width"] * (part["kind"] == PIXELS)
        if (sizes > max_pixels()).any():
            bad = int(sizes.argmax())
            check_size(int(part["height"][bad]), int(part["width"][bad]), f"{where}, image {first + bad:,}")
        if (bad := _misshapen(part)) is not None:
            raise _damaged(where, f"the shape of image {first + bad:,} does not fit its size")
        end, last = int(part["start"][-1] + part["size"][-1]), int(part["shard"][-1])


def _misplaced(part: dict[str, np.ndarray], limits: np.ndarray, end: int, last: int) -> int | None:
    """The first image that is not behind the one before it, or not inside of its shard."""
    ends = part["start"] + part["size"]
    tables = np.where(part["kind"] == RESTARTS, 4 * (interval_count(part) + 1), 0)
    before = np.concatenate([[end], ends[:-1]])
    shard_before = np.concatenate([[last], part["shard"][:-1]])
    before = np.where(part["shard"] == shard_before, before, 0)
    wrong = (
        (part["start"] - tables < before) | (ends > limits[part["shard"]]) | (part["shard"] < shard_before)
    )
    # Sums of starts that are too large could overflow.
    wrong |= (part["start"] < 0) | (part["start"] > limits[part["shard"]])
    wrong |= (part["kind"] == RESTARTS) & (part["start"] % 4 != 0)
    return int(wrong.argmax()) if wrong.any() else None


def interval_count(part: dict[str, np.ndarray]) -> np.ndarray:
    """How many restart intervals images have, (N,)."""
    rows = -(-part["height"] // np.maximum(part["block_height"], 1))
    return rows * -(-part["width"] // np.maximum(part["interval_width"], 1))


def _misshapen(part: dict[str, np.ndarray]) -> int | None:
    """The first image whose numbers contradict each other."""
    kind, height, width = part["kind"], part["height"], part["width"]
    odd = (height * width * 3 != part["size"]) | (height * width == 0)
    pixels = (kind == PIXELS) & (odd | (height > LONGEST) | (width > LONGEST))
    tables = (part["block_height"] != 8) & (part["block_height"] != 16)
    tables |= (part["interval_width"] == 0) | (part["interval_width"] % 8 != 0)
    tables |= (height == 0) | (width == 0) | (height > JPEG_EDGE) | (width > JPEG_EDGE)
    tables |= (part["height_at"] + 4 > part["scan_at"]) | (part["scan_at"] > part["size"])
    wrong = pixels | ((kind == RESTARTS) & tables) | (kind > PIXELS) | (kind < FILE)
    return int(wrong.argmax()) if wrong.any() else None


def _damaged(where: str, what: str) -> DataError:
    return DataError(
        f"The index of the packed data set is damaged: {what}", where=where, hint="Copy or pack it again."
    )
