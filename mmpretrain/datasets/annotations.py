"""Annotation files with one ``path`` or ``path index`` a line, parsed in bulk."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from mmpretrain.datasets.records import Block, Column, NumberColumn, RecordTable, TextColumn
from mmpretrain.errors import DataError
from mmpretrain.utils.brief import brief
from mmpretrain.utils.encodings import decode_text, is_chinese
from mmpretrain.utils.fileio import is_local, join, read_bytes

#: Lines are parsed in blocks of about this many bytes, so that work arrays stay small.
BLOCK = 1 << 22

LINE_FEED, TAB, SPACE, SLASH, ZERO = b"\n\t /0"
UTF8_MARK = b"\xef\xbb\xbf"
_LOOKED_AT = 1 << 16  # bytes that tell the encoding
LONGEST_INDEX = 18  # digits that fit int64


def read_annotations(path: str, prefix: str, with_label: bool = True) -> RecordTable:
    """Read ``img_path`` and ``gt_label`` from an annotation file.

    Names may hold spaces and any characters. A byte order mark, carriage returns, blanks at either end of a
    line, and empty lines are ignored; the index is what follows the last blank.

    Args:
        path: The file.
        prefix: Folder, or URL, that the names are relative to.
        with_label: Whether lines end with a class index.

    Raises:
        DataError: With file and line, if a line has no index.
    """
    data = _as_named(_read(path), path, prefix)
    bounds, labels = [], []
    for first, last in _blocks(data):
        begin, end = _strip(data, *_lines(data, first, last))
        if with_label:
            end, label = _split_labels(data, begin, end, path)
            labels.append(_compact(label))
        bounds.append(_compact(np.stack([begin, end], axis=1).ravel()))
    names_at = _merge(bounds)
    starts, ends = names_at.array[::2], names_at.array[1::2]
    if (data[starts] == SLASH).any():  # absolute names ignore the prefix
        names = [str(data[b:e].tobytes(), "utf-8", "surrogateescape") for b, e in zip(starts, ends)]
        paths = TextColumn.of([join(prefix, name) for name in names])
    else:
        before, _, after = join(prefix, "\0").partition("\0")
        paths = TextColumn(Block(data), names_at, before, after)
    columns: dict[str, Column] = {"img_path": paths}
    if with_label:
        columns["gt_label"] = NumberColumn(_merge(labels))
    return RecordTable(columns, len(starts))


def _read(path: str) -> np.ndarray:
    if is_local(path) and os.path.isfile(path):
        data = np.fromfile(path, np.uint8)
    else:
        data = np.frombuffer(bytearray(read_bytes(path)), np.uint8)
    if data[:2].tobytes() in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError("The file is UTF-16", where=path, hint="Save it as UTF-8.")
    return data[len(UTF8_MARK) :] if data[:3].tobytes() == UTF8_MARK else data


def _as_named(data: np.ndarray, path: str, prefix: str) -> np.ndarray:
    """Turn a list in GB18030 into UTF-8, unless the files themselves are named in GB18030."""
    start = data[:_LOOKED_AT].tobytes()
    start = start[: start.rfind(b"\n") + 1] or start
    try:
        start.decode("utf-8")
        return data
    except UnicodeDecodeError:
        if not is_chinese(start):
            return data
    line = next((one for one in start.splitlines() if not one.isascii()), b"")
    name = (line.rpartition(b" ")[0] or line).strip()
    if os.path.exists(os.path.join(os.fsencode(prefix), name)):
        return data
    text = decode_text(data.tobytes(), path)
    return np.frombuffer(bytearray(text.encode()), np.uint8)


def _blocks(data: np.ndarray) -> Iterator[tuple[int, int]]:
    first = 0
    while first < len(data):
        last = min(first + BLOCK, len(data))
        while last < len(data):  # continue to the end of the line
            feeds = np.flatnonzero(data[last : last + BLOCK] == LINE_FEED)
            if len(feeds):
                last += int(feeds[0]) + 1
                break
            last = min(last + BLOCK, len(data))
        yield first, last
        first = last


def _lines(data: np.ndarray, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    ends = np.flatnonzero(data[first:last] == LINE_FEED) + first
    if data[last - 1] != LINE_FEED:
        ends = np.append(ends, last)
    return np.concatenate([[first], ends[:-1] + 1]), ends


def _strip(data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop blanks at both ends of each line, and lines that consist of nothing else."""
    while (blank := (starts < ends) & (data[ends - 1] <= SPACE)).any():
        ends = ends - blank
    starts, ends = starts[starts < ends], ends[starts < ends]
    while (blank := data[starts] <= SPACE).any():
        starts = starts + blank
    return starts, ends


def _split_labels(
    data: np.ndarray, starts: np.ndarray, ends: np.ndarray, path: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return where the name of each line ends, and the index after it."""
    if len(starts) == 0:
        return ends, np.zeros(0, np.int64)
    first = int(starts[0])
    text = data[first : int(ends[-1])]
    blanks = np.flatnonzero((text == SPACE) | (text == TAB)) + first
    blanks = np.concatenate([[-1], blanks])
    last_blank = blanks[np.searchsorted(blanks, ends) - 1]
    width = ends - last_blank - 1
    good = (last_blank > starts) & (width <= LONGEST_INDEX)
    labels = np.zeros(len(starts), np.int64)
    scale = 1
    for place in range(int(width[good].max(initial=0))):
        inside = good & (place < width)
        digit = data[ends - 1 - place].astype(np.int64) - ZERO
        good &= ~inside | ((digit >= 0) & (digit <= 9))
        labels += np.where(inside, digit * scale, 0)
        scale *= 10
    for i in np.flatnonzero(~good):
        labels[i], last_blank[i] = _odd_line(data, int(starts[i]), int(ends[i]), path)
    while (blank := data[last_blank - 1] <= SPACE).any():  # several blanks before the index
        last_blank = last_blank - blank
    return last_blank, labels


def _odd_line(data: np.ndarray, start: int, end: int, path: str) -> tuple[int, int]:
    """Parse a line whose index is not a plain number, such as -1."""
    line = data[start:end].tobytes()
    name, *index = line.rsplit(None, 1)
    try:
        label = int(index[0])
        if not -(2**63) <= label < 2**63:
            raise ValueError
        return label, start + len(name)
    except (IndexError, ValueError):
        number = int(np.count_nonzero(data[:start] == LINE_FEED)) + 1
        shown = brief(line.decode("utf-8", "replace"))
        raise DataError(
            f"A line is a path, a space and a class index; this one is {shown}",
            where=f"{path}:{number}",
            hint="Class names instead of indices can be read from a .csv file by TableDataset.",
        ) from None


def _compact(values: np.ndarray) -> np.ndarray:
    small = values.min(initial=0) >= -(2**31) and values.max(initial=0) < 2**31
    return values.astype(np.int32 if small else np.int64)


def _merge(parts: list[np.ndarray]) -> Block:
    return Block(np.concatenate(parts) if parts else np.zeros(0, np.int32))
