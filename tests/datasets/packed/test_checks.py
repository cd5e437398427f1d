"""Indices from strangers: each is refused in one sentence, or harmless."""

from __future__ import annotations

import json
import os
import struct

import numpy as np
import pytest

from mmpretrain.datasets import PackedDataset
from mmpretrain.datasets.packed import layout
from mmpretrain.datasets.packed.encode import Encoding
from mmpretrain.errors import DataError, MissingFileError, MMPretrainError
from tests.datasets.packed.pack_cases import folder, packed


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    root = tmp_path_factory.mktemp("pack")
    packed(folder(root / "data", restart_marker_blocks=4), root / "out")
    return root / "out" / "train"


@pytest.fixture
def change(sound, tmp_path):
    """A function that writes a copy with a changed header and arrays, and opens it."""

    def changed(edit):
        header, arrays = layout.map_index(str(sound / layout.INDEX))
        arrays = {name: array.copy() for name, array in arrays.items()}
        header.pop("arrays")
        edit(header, arrays)
        target = tmp_path / "changed"
        target.mkdir(exist_ok=True)
        for shard in sound.glob("*.bin"):
            (target / shard.name).write_bytes(shard.read_bytes())
        layout.write_index(target / layout.INDEX, header, arrays)
        return PackedDataset(str(target), split="")

    return changed


def setting(name, position, value):
    def edit(header, arrays):
        arrays[name][position] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (setting("start", 2, 0), "image 2 lies outside of its shard, or over another"),
        (setting("start", 1, 2**63 + 8), "image 1 lies outside"),
        (setting("start", 5, 2**62), "image 5 lies outside"),
        (setting("start", 3, 2), "image 3 lies outside"),
        (setting("size", 5, 2**32 - 1), "image 5 lies outside"),
        (setting("shard", 5, 7), "an image is in shard 7 of 1"),
        (setting("kind", 0, 9), "the shape of image 0 does not fit"),
        (setting("kind", 0, layout.PIXELS), "the shape of image 0 does not fit"),
        (setting("height", 0, 2**32 - 1), "image 0"),
        (setting("width", 0, 0), "the shape of image 0"),
        (setting("block_height", 0, 0), "image 0"),
        (setting("interval_width", 0, 1), "image 0"),
        (setting("scan_at", 0, 2**32 - 1), "the shape of image 0"),
        (setting("column/gt_label", 4, 99), "a label is 99, and it has 2 classes"),
        (setting("column/img_path/at", 2, 2**63), "column 'img_path'"),
        (setting("column/img_path/at", 3, 0), "column 'img_path'"),
        (lambda header, arrays: header.update(samples=10**15), "does not fit 1,000,000,000,000,000 samples"),
        (lambda header, arrays: header.update(samples=-1), "its number of samples is -1"),
        (lambda header, arrays: header.update(samples=True), "does not fit"),
        (lambda header, arrays: header.update(shards=[{"name": "../a", "bytes": 1}]), "its shards are"),
        (lambda header, arrays: header.update(shards=[{"name": "/a", "bytes": 1}]), "its shards are"),
        (lambda header, arrays: header.update(shards="x"), "its shards are"),
        (lambda header, arrays: header.update(shards=[]), "an image is in shard 0 of 0"),
        (lambda header, arrays: header.update(columns={"a": "pickle"}), "column 'a' of kind"),
        (lambda header, arrays: header.update(columns={"a": "int"}), "column 'a' of kind"),
        (lambda header, arrays: header.update(columns=3), "its columns"),
        (lambda header, arrays: header["metainfo"].update(classes="ab"), "its class names"),
        (lambda header, arrays: header.update(settings=[1]), "its settings are"),
        (lambda header, arrays: header["columns"].update(img_path="text"), "names of images twice"),
        (lambda header, arrays: header.pop("metainfo"), "its columns or its meta information"),
        (lambda header, arrays: arrays.pop("hash"), "its array 'hash'"),
        (lambda header, arrays: arrays.update(hash=np.zeros((6, 4), np.uint8)), "its array 'hash'"),
        (lambda header, arrays: arrays.update(start=arrays["start"][:-1]), "its array 'start'"),
        (lambda header, arrays: arrays.update(kind=arrays["kind"].astype("<i8")), "its array 'kind'"),
    ],
)  # fmt: skip
def test_contradictions_are_refused(change, edit, message):
    with pytest.raises(DataError, match=message) as caught:
        change(edit)
    assert "\n" not in str(caught.value)


def test_pixels_that_would_fill_the_memory(tmp_path):
    """A file with a hole says that it has gigabytes, and takes none."""
    packed(folder(tmp_path / "data"), tmp_path / "out", Encoding("raw"))
    split = tmp_path / "out" / "train"
    header, arrays = layout.map_index(str(split / layout.INDEX))
    header.pop("arrays")
    arrays = {name: array.copy() for name, array in arrays.items()}
    height, width = 36_000, 39_000
    arrays["height"][5], arrays["width"][5], arrays["size"][5] = height, width, height * width * 3
    header["shards"][0]["bytes"] = int(arrays["start"][5]) + height * width * 3
    os.truncate(split / header["shards"][0]["name"], header["shards"][0]["bytes"])
    layout.write_index(split / layout.INDEX, header, arrays)
    with pytest.raises(DataError, match=r"index\.pack, image 5: An image of 39000 x 36000 pixels exceeds"):
        PackedDataset(str(split), split="")


def test_class_names_may_be_unknown(change):
    assert change(lambda header, arrays: header["metainfo"].update(classes=None)).CLASSES is None


def test_a_missing_shard(change):
    with pytest.raises(MissingFileError, match="There is no shard"):
        change(lambda header, arrays: header.update(shards=[{"name": "other.bin", "bytes": 1}]))


def test_the_unchanged_copy_opens(change):
    assert len(change(lambda header, arrays: None)) == 6


def test_json_of_a_column_is_only_data(change):
    def edit(header, arrays):
        header["columns"]["x"] = "json"
        arrays["column/x"] = np.frombuffer(b"[" * 6000, np.uint8)
        arrays["column/x/at"] = np.arange(7, dtype=np.uint64) * 1000

    dataset = change(edit)
    with pytest.raises(DataError, match="column 'x'"):
        dataset[0]


def write(path, text: bytes, length=None) -> str:
    length = len(text) if length is None else length
    path.write_bytes(layout.MAGIC + struct.pack("<Q", length) + text + b"\0" * 256)
    return str(path)


@pytest.mark.parametrize(
    "array",
    [
        {"type": "<u8", "shape": [2**62], "at": 0},
        {"type": "<u8", "shape": [2**40, 2**40], "at": 0},
        {"type": "<u8", "shape": [-1], "at": 0},
        {"type": "<u8", "shape": [1], "at": 4},
        {"type": "<u8", "shape": [1], "at": -8},
        {"type": "<u8", "shape": [1.5], "at": 0},
        {"type": "<u8", "shape": [], "at": 0},
        {"type": "O", "shape": [1], "at": 0},
        {"type": "V100", "shape": [1], "at": 0},
        {"type": "<u8", "at": 0},
        7,
    ],
)
def test_arrays_that_are_none(tmp_path, array):
    path = write(tmp_path / "index.pack", json.dumps({"arrays": {"start": array}}).encode())
    with pytest.raises(DataError, match="its array 'start'"):
        layout.map_index(path)


@pytest.mark.parametrize(
    ("text", "length", "message"),
    [
        (b"{}", 2**63, "claims"),
        (b"{}", 1 << 27, "claims"),
        (b"\xff\xfe", None, "no text"),
        (b"{", None, "index.pack"),
        (b"[]", None, "lists no arrays"),
        (b"[" * 100_000, None, "index.pack"),
    ],
)
def test_headers_that_are_none(tmp_path, text, length, message):
    with pytest.raises(MMPretrainError, match=message):
        layout.map_index(write(tmp_path / "index.pack", text, length))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "no index"), (b"abc", "no index"), (b"mmpack9\n" + b"\0" * 40, "another version")],
)
def test_other_files(tmp_path, content, message):
    (tmp_path / "index.pack").write_bytes(content)
    with pytest.raises(DataError, match=message):
        layout.map_index(str(tmp_path / "index.pack"))


def test_flipped_bytes_never_crash(sound, tmp_path):
    """Random changes of the index: a refusal, an error of a sample, or a result; nothing else."""
    good = bytearray((sound / layout.INDEX).read_bytes())
    for shard in sound.glob("*.bin"):
        (tmp_path / shard.name).write_bytes(shard.read_bytes())
    rng = np.random.RandomState(0)
    refused = 0
    for _ in range(150):
        bad = bytearray(good)
        for place in rng.randint(0, len(bad), 3):
            bad[place] = rng.randint(256)
        (tmp_path / layout.INDEX).write_bytes(bad)
        refused += is_refused(tmp_path)
    assert refused > 40


def is_refused(folder) -> bool:
    try:
        dataset = PackedDataset(str(folder), split="", pipeline=[dict(type="LoadImageFromFile")])
        for index in range(len(dataset)):
            dataset[index]
    except MMPretrainError as error:
        return "\n" not in str(error)
    return False
