"""Packs become files again."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.datasets import PackedDataset, dataset_from_spec
from mmpretrain.datasets.packed import layout
from mmpretrain.datasets.packed.encode import Encoding
from mmpretrain.datasets.packed.index import PackIndex
from mmpretrain.datasets.packed.unpacking import unpack
from mmpretrain.datasets.packed.verify import verify
from mmpretrain.errors import MMPretrainError
from mmpretrain.registry import DATASETS
from tests.datasets.packed.pack_cases import folder, packed, pixels


def unpacked(root, out, split="train"):
    return list(unpack(str(root / split), out, split))


@pytest.mark.parametrize("how", ["jpeg", "raw", "keep"])
def test_same_bytes_or_pixels(how, tmp_path):
    data = folder(tmp_path / "data")
    packed(data, tmp_path / "out", Encoding(how))
    files = unpacked(tmp_path / "out", tmp_path / "files")
    assert len(files) == 6
    for file in files:
        name = file.relative_to(tmp_path / "files" / "train").with_suffix(".jpg")
        before = (data / "train" / name).read_bytes()
        if how == "keep":
            assert file.read_bytes() == before
        assert file.suffix == (".png" if how == "raw" else ".jpg")
        assert np.array_equal(pixels(file.read_bytes()), pixels(before))
    listed = DATASETS.build(
        dict(type="BaseDataset", ann_file=str(tmp_path / "files" / "train.json"), data_prefix="x")
    )
    plain = DATASETS.build(dataset_from_spec(str(data), "train"))
    assert listed.get_gt_labels().tolist() == plain.get_gt_labels().tolist()
    assert tuple(listed.CLASSES or ()) == plain.CLASSES


def renamed(tmp_path, names):
    """The files of a pack whose index gives other names."""
    packed(folder(tmp_path / "data", count=len(names)), tmp_path / "out")
    path = tmp_path / "out" / "train" / layout.INDEX
    header, arrays = layout.map_index(str(path))
    header.pop("arrays")
    arrays["column/img_path"] = np.frombuffer("".join(names).encode(), np.uint8)
    arrays["column/img_path/at"] = np.cumsum([0, *(len(name.encode()) for name in names)]).astype(np.uint64)
    layout.write_index(path, header, arrays)
    return unpacked(tmp_path / "out", tmp_path / "files")


@pytest.mark.parametrize(
    "names",
    [
        ["../../evil.jpg", "/etc/evil.jpg", "a/../../b.jpg", "c", "c/d.jpg", "C.jpg"],
        ["..", "", "a\0b.jpg", "..\\..\\evil.jpg", "C:\\x.jpg", "."],
        ["2-a.jpg", "a.jpg", "a.jpg", "A.jpg", "a.jpg/b.jpg", "a.jpg/b.jpg/c.jpg"],
        ["f/g.jpg", "f", "3-f.jpg", "f", "2-f.jpg", "F/G.JPG"],
        ["a/" * 2100 + "x.jpg", "b" * 5000 + ".jpg", "c" * 300 + "/d.jpg", "é" * 300, "x." + "e" * 300, "y"],
    ],
)
def test_names_stay_below_the_folder_and_apart(tmp_path, names):
    files = renamed(tmp_path, names)
    root = (tmp_path / "files" / "train").resolve()
    assert all(file.resolve().is_relative_to(root) for file in files)
    assert len({str(file).lower() for file in files}) == 6
    shards = PackIndex(str(tmp_path / "out" / "train"))
    assert [file.read_bytes() for file in files] == [shards.stored(number) for number in range(6)]
    assert not (tmp_path / "evil.jpg").exists()


def test_verify_finds_what_changed(tmp_path):
    data = folder(tmp_path / "data", restart_marker_blocks=4)
    packed(data, tmp_path / "out")
    source = DATASETS.build(dataset_from_spec(str(data), "train"))

    def problems():
        return list(verify(PackIndex(str(tmp_path / "out" / "train")), source, threads=2))

    assert problems() == [None] * 6
    index = PackIndex(str(tmp_path / "out" / "train"))
    start, size = (int(index.arrays[name][3]) for name in ("start", "size"))
    shard = tmp_path / "out" / "train" / "shard-00000.bin"
    content = bytearray(shard.read_bytes())
    content[start + size // 2] ^= 1
    shard.write_bytes(content)
    assert [number for number, problem in enumerate(problems()) if problem] == [3]
    assert "hash" in problems()[3]
    content[start + size // 2] ^= 1
    content[start - 8] ^= 1  # in the table of intervals
    shard.write_bytes(content)
    assert problems()[3] == "its restart intervals are not where the index says"
    content[start - 8] ^= 1
    shard.write_bytes(content)
    file = source.get_data_info(2)["img_path"]
    with open(file, "rb") as other, open(source.get_data_info(1)["img_path"], "wb") as target:
        target.write(other.read())
    assert problems()[1] == "its pixels differ from those of the file that it was made of"
    assert len(PackedDataset(str(tmp_path / "out"))) == 6


def test_verify_finds_every_flipped_bit_of_the_index(tmp_path):
    packed(folder(tmp_path / "data"), tmp_path / "out")
    path = tmp_path / "out" / "train" / layout.INDEX
    before = path.read_bytes()
    for position in [*range(8, len(before) - 24, 41), len(before) - 1]:
        changed = bytearray(before)
        changed[position] ^= 4
        path.write_bytes(changed)
        with pytest.raises(MMPretrainError):
            list(verify(PackIndex(str(path.parent))))
    path.write_bytes(before)
    assert list(verify(PackIndex(str(path.parent)))) == [None] * 6
    path.write_bytes(before[:-24])  # of an earlier version, or cut off
    assert len(PackIndex(str(path.parent))) == 6
    with pytest.raises(MMPretrainError, match="its check sum is missing or wrong"):
        list(verify(PackIndex(str(path.parent))))
