"""Records of a data set as columns of an index."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mmpretrain.datasets.encoded import EncodedDataset
from mmpretrain.datasets.packed.layout import Kind
from mmpretrain.datasets.places import root_of
from mmpretrain.datasets.records import ENCODING
from mmpretrain.errors import DataError
from mmpretrain.utils.brief import brief

#: Keys that say where an image is; the pack has its own.
_PLACES = {"img_path", "sample_idx", "img_prefix", "img_info"}
_MISSING = object()
_SCALARS: dict[Any, Kind] = {int: "int", float: "float", str: "text"}


def records_of(dataset: Any) -> Iterator[dict[str, Any]]:
    """The records of a data set or wrapper, with what belongs to a sample whatever holds its image.

    Raises:
        DataError: If a sample is not one image in a file.
    """
    for index in range(len(dataset)):
        plain, place = root_of(dataset, index)
        record = plain.get_data_info(place)
        if "img" in record or not isinstance(record.get("img_path"), str):
            raise DataError(
                f"Sample {index} is not one image in a file, which is what can be packed",
                where=type(plain).__name__,
            )
        stored = _PLACES | {*(plain.STORED if isinstance(plain, EncodedDataset) else ())} - {"img_path"}
        yield {key: value for key, value in record.items() if key == "img_path" or key not in stored}


def columns_of(dataset: Any) -> tuple[dict[str, Kind], dict[str, np.ndarray]]:
    """Turn the records of a data set into columns.

    Returns:
        The kind of each column, and the arrays: ``column/NAME``, and ``column/NAME/at`` for texts.

    Raises:
        DataError: If a value is of a type that cannot be written.
    """
    counts: Counter[str] = Counter()
    types: dict[str, set[Any]] = {}
    first, last, total = None, None, 0
    for record in records_of(dataset):
        path, total = record["img_path"], total + 1
        first = path if first is None or path < first else first
        last = path if last is None or path > last else last
        for key, value in record.items():
            counts[key] += 1
            types.setdefault(key, set()).add(_type_of(value))
    prefix = _common_folder(first or "", last or "")
    kinds: dict[str, Kind] = {key: _kind(found, counts[key] == total) for key, found in types.items()}
    arrays: dict[str, np.ndarray] = {}
    for key, kind in kinds.items():
        cut = len(prefix) if key == "img_path" else 0
        values = (record.get(key, _MISSING) for record in records_of(dataset))
        if kind in ("text", "json"):
            texts = (_text(value, kind, key)[cut:] for value in values)
            arrays[f"column/{key}"], arrays[f"column/{key}/at"] = _pack(texts, total)
        elif kind == "array":
            arrays[f"column/{key}"] = np.stack(list(values))
        else:
            arrays[f"column/{key}"] = np.fromiter(values, np.int64 if kind == "int" else np.float64, total)
    kinds.pop("img_path", None)
    return kinds, arrays


def _common_folder(first: str, last: str) -> str:
    """What the first and the last of sorted names begin with, up to a slash: so do all names."""
    length = next((i for i, (a, b) in enumerate(zip(first, last)) if a != b), 0)
    return first[: first.rfind("/", 0, length if first != last else len(first)) + 1]


def _type_of(value: Any) -> Any:
    """What decides on the kind of a column."""
    if (
        isinstance(value, np.ndarray)
        and value.ndim
        and value.dtype.kind in "biuf"
        and value.dtype.itemsize < 16
    ):
        return (value.shape, value.dtype.newbyteorder("<").str)
    if isinstance(value, np.integer):
        return int
    return type(value)


def _kind(types: set[Any], everywhere: bool) -> Kind:
    if everywhere and len(types) == 1:
        (only,) = types
        if only in _SCALARS:
            return _SCALARS[only]
        if isinstance(only, tuple) and only[1] in ("<i4", "<i8", "<f4", "<f8", "|i1", "|u1", "|b1"):
            return "array"
    return "json"


def _text(value: Any, kind: Kind, key: str) -> str:
    if kind == "text":
        return value
    if value is _MISSING:
        return ""
    return as_json(value, key)


def as_json(value: Any, key: str) -> str:
    """A value of a record, and arrays in it, as JSON.

    Args:
        value: The value.
        key: Its key, for messages.

    Raises:
        DataError: If it cannot be written.
    """
    try:
        return json.dumps(value, default=_plain, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise DataError(
            f"The value of {key!r} cannot be packed: {brief(value)}",
            hint="Values may be numbers, texts, arrays, and lists and dicts of them.",
        ) from error


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(type(value).__name__)


def _pack(texts: Iterator[str], total: int) -> tuple[np.ndarray, np.ndarray]:
    """Lay texts one after the other; uint8 (bytes,) and the bounds, uint64 (N + 1,)."""
    blob, bounds = bytearray(), np.zeros(total + 1, np.uint64)
    for number, text in enumerate(texts, 1):
        blob += text.encode(*ENCODING)
        bounds[number] = len(blob)
    return np.frombuffer(blob, np.uint8), bounds


def plain_metainfo(metainfo: dict[str, Any]) -> dict[str, Any]:
    """The meta information of a data set, as far as JSON can hold it."""
    plain: dict[str, Any] = {}
    for key, value in metainfo.items():
        value = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        try:
            json.dumps(value)
        except (TypeError, ValueError):
            continue
        plain[key] = value
    return plain
