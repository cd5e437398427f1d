"""Tests of :mod:`mmpretrain.datasets.packed.verify`: no byte may change unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmpretrain.datasets.packed.encode import Encoding
from mmpretrain.datasets.packed.index import PackIndex
from mmpretrain.datasets.packed.layout import CHECK, HASH_BYTES, INDEX
from mmpretrain.datasets.packed.verify import verify
from mmpretrain.errors import MMPretrainError
from tests.datasets.packed.pack_cases import jpeg, packed


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    """Images of odd sizes, so that there are gaps between them."""
    root = tmp_path_factory.mktemp("pack")
    for split in ("train", "val"):
        for number in range(3):
            path = root / "data" / split / "class" / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(jpeg(17 + number, 40, number, quality=30, restart_marker_blocks=1 + number))
    packed(root / "data", root / "out", Encoding("keep"))
    return root / "out" / "train"


def is_noticed(folder: Path) -> bool:
    try:
        return any(verify(PackIndex(str(folder))))
    except MMPretrainError:
        return True


@pytest.mark.parametrize("name", [INDEX, "shard-00000.bin"])
def test_every_changed_byte_is_noticed(sound, name):
    path = sound / name
    content = path.read_bytes()
    assert not is_noticed(sound)
    # Hashes cover images and the index, so a few bytes of them will do. All of what is around them are tried.
    index = PackIndex(str(sound))
    images = [range(start, start + size) for start, size in zip(index.arrays["start"], index.arrays["size"])]
    tail = len(content) - len(CHECK) - HASH_BYTES
    around = range(tail, len(content)) if name == INDEX else range(len(content))
    places = [place for place in around if name == INDEX or not any(place in image for image in images)]
    places += range(0, len(content), 101)
    missed = []
    try:
        for place in places:
            changed = bytearray(content)
            changed[place] ^= 1 << place % 8
            path.write_bytes(changed)
            missed += [] if is_noticed(sound) else [place]
        for end in (tail, tail + 1, len(content) - 1):
            path.write_bytes(content[:end])
            missed += [] if is_noticed(sound) else [-end]
    finally:
        path.write_bytes(content)
    assert missed == []
