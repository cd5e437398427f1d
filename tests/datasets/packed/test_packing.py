"""Packing data sets: what goes in comes out, and an interruption loses nothing."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from mmpretrain.datasets import PackedDataset, dataset_from_spec
from mmpretrain.datasets.from_spec import held_out_from_spec, parts_of
from mmpretrain.datasets.packed import packing, writer
from mmpretrain.datasets.packed.encode import Encoding
from mmpretrain.datasets.packed.index import PackIndex
from mmpretrain.datasets.packed.layout import INDEX, ROWS, SETTINGS
from mmpretrain.datasets.packed.packing import pack, splits_of
from mmpretrain.datasets.packed.writer import ROW
from mmpretrain.errors import ConfigError, DataError, MissingFileError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.locks import FolderLock
from tests.datasets.container_cases import EXPECTED, PIPELINE, class_of, encoded, seen
from tests.datasets.packed.pack_cases import folder, jpeg, packed


def content(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", ["jpeg", "raw"])  # in processes, and in threads
def test_processes_and_threads_change_nothing(tmp_path, kind):
    data = folder(tmp_path / "data", count=9)
    packed(data, tmp_path / "one", Encoding(kind))
    packed(data, tmp_path / "two", Encoding(kind), workers=2)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_shards_change_nothing(tmp_path):
    data = folder(tmp_path / "data", count=9)
    packed(data, tmp_path / "one")
    packed(data, tmp_path / "small", shard_bytes=1)
    index = PackIndex(str(tmp_path / "small" / "train"))
    assert len(index.header["shards"]) == 9
    one = PackIndex(str(tmp_path / "one" / "train"))
    assert [index.stored(i) for i in range(9)] == [one.stored(i) for i in range(9)]


def test_containers(tmp_path):
    import tarfile
    from io import BytesIO

    with tarfile.open(tmp_path / "train-0.tar", "w") as tar:
        for i in range(10):
            for extension, data in (("png", encoded(i)), ("cls", class_of(i).encode())):
                info = tarfile.TarInfo(f"{i:04d}.{extension}")
                info.size = len(data)
                tar.addfile(info, BytesIO(data))
    shutil.copy(tmp_path / "train-0.tar", tmp_path / "val-0.tar")
    packed(f"{tmp_path}/train-{{0..0}}.tar", tmp_path / "out")
    dataset = PackedDataset(str(tmp_path / "out"), pipeline=PIPELINE)
    assert seen(dataset) == EXPECTED
    assert dataset.get_data_info(0).keys() == {"img_path", "gt_label", "packed", "sample_idx"}
    # A pack is data like any other.
    packed(tmp_path / "out", tmp_path / "again", Encoding("raw"))
    assert seen(PackedDataset(str(tmp_path / "again"), pipeline=PIPELINE)) == EXPECTED


def test_splits(tmp_path):
    data = folder(tmp_path / "data", count=20)
    shutil.rmtree(data / "val")
    parts = packed(data / "train", tmp_path / "out")
    assert [(part.split, part.samples) for part in parts] == [("train", 16), ("val", 4)]
    images = {name: PackedDataset(str(tmp_path / "out"), name).get_data_info for name in ("train", "val")}
    names = {os.path.basename(images["train"](i)["img_path"]) for i in range(16)}
    assert len(names | {os.path.basename(images["val"](i)["img_path"]) for i in range(4)}) == 20
    packed(data, tmp_path / "images", unlabelled=True)
    assert "gt_label" not in PackedDataset(str(tmp_path / "images")).get_data_info(0)
    assert not (tmp_path / "images" / "val").exists()


def pack_slowly(data, out: str, workers: int, enough: int) -> None:
    """Pack in a process of its own, slowly once the journal has enough bytes, so that it can be killed."""
    writer.FLUSH_SECONDS = 0
    plain = packing.encode
    journal = Path(out, "train", ROWS)

    def slowly(*args):
        time.sleep(0.5 if journal.exists() and journal.stat().st_size >= enough else 0.02)
        return plain(*args)

    packing.encode = slowly
    packed(data, Path(out), shard_bytes=20_000, workers=workers)


def runs(number):
    """Whether a process is there, and not only waits for its parent to hear of its end."""
    try:
        return Path("/proc", number, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until_gone(processes):
    """Workers end with the process that they work for."""
    deadline = time.monotonic() + 60
    while any(map(runs, processes)):
        assert time.monotonic() < deadline, f"{processes} go on without the main process"
        time.sleep(0.01)


def test_a_killed_process_is_continued(tmp_path, monkeypatch):
    data = folder(tmp_path / "data", count=40)
    packed(data, tmp_path / "whole", shard_bytes=20_000)
    out = tmp_path / "out"
    journal = out / "train" / ROWS
    for rows, workers in ((5, 0), (20, 2)):
        enough = rows * ROW.itemsize
        arguments = (data, out, workers, enough)
        process = multiprocessing.get_context("fork").Process(target=pack_slowly, args=arguments)
        process.start()
        while process.is_alive() and not (journal.exists() and journal.stat().st_size >= enough):
            time.sleep(0.002)
        assert process.is_alive(), "it was too fast to be killed"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        helpers = children.read_text().split() if children.exists() else []
        process.kill()
        process.join()
        wait_until_gone(helpers)
        with pytest.raises(MissingFileError, match="interrupted: give the same `mmpretrain pack` command"):
            dataset_from_spec(str(out), "train")
    before = journal.stat().st_size // ROW.itemsize
    # Half a row, and an image without a row.
    with journal.open("ab") as file:
        file.write(b"half")
    with sorted((out / "train").glob("*.bin"))[-1].open("ab") as file:
        file.write(b"half an image")
    seen_by = []
    plain = packing.encode
    monkeypatch.setattr(packing, "encode", lambda *args: seen_by.append(1) or plain(*args))
    packed(data, out, shard_bytes=20_000)
    assert len(seen_by) == 40 - before + 2  # and two for validation
    assert content(out) == content(tmp_path / "whole")


def test_images_that_did_not_reach_the_disk_are_packed_again(tmp_path, monkeypatch):
    data = folder(tmp_path / "data", count=6)
    packed(data, tmp_path / "whole")
    out = tmp_path / "out"
    tail = packing.encoded

    def stops(dataset, how, tool, workers, first=0):
        for number, item in enumerate(tail(dataset, how, tool, workers, first)):
            if number == 4:
                raise KeyboardInterrupt
            yield item

    with monkeypatch.context() as patch:
        patch.setattr(packing, "encoded", stops)
        with pytest.raises(KeyboardInterrupt):
            packed(data, out)
    shard = out / "train" / "shard-00000.bin"
    os.truncate(shard, shard.stat().st_size - 5)
    packed(data, out)
    assert content(out) == content(tmp_path / "whole")


def test_finished_packs_are_left_alone(tmp_path):
    data = folder(tmp_path / "data")
    packed(data, tmp_path / "out")
    before = content(tmp_path / "out")
    (tmp_path / "out" / "train" / SETTINGS).write_text("{}")  # of one killed at the very end
    assert [part.summary for part in packed(data, tmp_path / "out")] == [None, None]
    assert content(tmp_path / "out") == before
    with pytest.raises(ConfigError, match="data packed with format='jpeg'"):
        packed(data, tmp_path / "out", Encoding("raw"))
    (data / "train" / "cat" / "new.jpg").write_bytes(jpeg())
    with pytest.raises(ConfigError, match="holds other data"):
        packed(data, tmp_path / "out")
    assert content(tmp_path / "out") == before


@pytest.mark.parametrize("change", [("cat", "bird"), ("0.jpg,cat", "0.jpg,dog")])
def test_labels_that_changed_since_are_not_taken_for_packed(tmp_path, change):
    data = folder(tmp_path / "data")
    rows = [f"{path.relative_to(tmp_path)},{path.parent.name}" for path in sorted(data.rglob("*.jpg"))]
    table = tmp_path / "table.csv"
    table.write_text("\n".join(["path,label", *rows]))
    packed(table, tmp_path / "out")
    assert [part.summary for part in packed(table, tmp_path / "out")] == [None, None]
    table.write_text(table.read_text().replace(*change))
    with pytest.raises(ConfigError, match="holds other data"):
        packed(table, tmp_path / "out")


def test_nothing_is_overwritten(tmp_path):
    data = folder(tmp_path / "data")
    with pytest.raises(ConfigError, match="holds"):
        packed(data, data)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("x")
    with pytest.raises(ConfigError, match=r"not empty: it holds 'thesis.txt'"):
        packed(data, tmp_path / "full")
    with pytest.raises(ConfigError, match="is a file"):
        packed(data, tmp_path / "full" / "thesis.txt")
    for inside in (data / "packed", data / "train" / "packed", data / "train" / ".." / "new"):
        with pytest.raises(ConfigError, match="lies in the folder of the data"):
            packed(data, inside)
        assert not inside.exists()
    with FolderLock(tmp_path / "full"):
        (tmp_path / "full" / "thesis.txt").unlink()
        with pytest.raises(ConfigError, match="Another"):
            packed(data, tmp_path / "full")


def test_options_that_contradict(tmp_path):
    data = folder(tmp_path / "data")
    with pytest.raises(ConfigError, match="quality is for the format jpeg"):
        packed(data, tmp_path / "out", Encoding("raw", quality=90))
    with pytest.raises(ConfigError, match="not kept as they are"):
        packed(data, tmp_path / "out", Encoding("keep", short_edge=90))
    assert not (tmp_path / "out").exists()


def test_unreadable_images_stay_unreadable(tmp_path):
    data = folder(tmp_path / "data")
    (data / "train" / "cat" / "0.jpg").write_bytes(jpeg()[:500])
    for how in ("jpeg", "raw"):
        packed(data, tmp_path / how, Encoding(how))
        dataset = PackedDataset(str(tmp_path / how), pipeline=PIPELINE)
        with pytest.raises(DataError, match=r"cut off|no image that can be decoded"):
            dataset[0]


def test_what_is_no_image_in_a_file(tmp_path):
    arrays = [{"img": np.zeros((4, 4, 3), np.uint8), "gt_label": 0}]
    dataset = DATASETS.build(dict(type="BaseDataset", lazy_init=True))
    dataset.load_data_list = lambda: arrays
    with pytest.raises(DataError, match="Sample 0 is not one image in a file"):
        packing._pack_split(dataset, "train", tmp_path / "out", Encoding(), 0, 10**6)
    assert not (tmp_path / "out" / INDEX).exists()


def test_a_pack_whose_second_part_is_missing_is_not_used(tmp_path):
    """Else a fifth of the training data would silently stand for validation."""
    data = folder(tmp_path / "data")
    parts = pack(str(data), tmp_path / "out", Encoding(), workers=0, shard_bytes=10**9)
    assert next(parts).split == "train"
    parts.close()  # pyright: ignore[reportAttributeAccessIssue]
    for use in (dataset_from_spec, held_out_from_spec, parts_of):
        with pytest.raises(MissingFileError, match="Its packing was interrupted"):
            use(str(tmp_path / "out"))
    assert [part.split for part in packed(data, tmp_path / "out")] == ["train", "val"]
    assert set(parts_of(str(tmp_path / "out"))) == {"train", "val"}


def test_a_process_that_was_killed_while_it_wrote_a_note(tmp_path):
    data = folder(tmp_path / "data")
    for name in (f".{SETTINGS}.123.tmp", f".{INDEX}.4567.tmp"):
        for split in ("train", "val"):
            (tmp_path / "out" / split).mkdir(parents=True, exist_ok=True)
            (tmp_path / "out" / split / name).write_bytes(b"half")
    packed(data, tmp_path / "out")
    packed(data, tmp_path / "again")
    (tmp_path / "out" / ".lock").unlink(missing_ok=True)
    (tmp_path / "again" / ".lock").unlink(missing_ok=True)
    assert content(tmp_path / "out") == content(tmp_path / "again")


def test_tables_of_any_kind_have_their_parts(tmp_path):
    rows = [f"{n}.png,{'ab'[n % 2]},{'val' if n > 5 else 'train'}" for n in range(8)]
    (tmp_path / "x.csv").write_text("\n".join(["image,class,split", *rows]))
    found = splits_of(str(tmp_path / "x.csv"))
    assert {name: cfg["part"] for name, cfg in found.items()} == {"train": "train", "val": "val"}
