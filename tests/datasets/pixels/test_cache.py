"""A cache changes nothing but the time."""

from __future__ import annotations

import copy
import errno
import gc
import logging
import multiprocessing
import os
import pickle
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from torch.utils.data import DataLoader

from mmpretrain.datasets import CustomDataset, PackedDataset, pseudo_collate
from mmpretrain.datasets.pixels import cache as module
from mmpretrain.datasets.transforms import LoadImageFromFile, Resize
from mmpretrain.datasets.transforms.functional import io
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.utils.seeding import seed_everything
from tests.datasets.packed.pack_cases import folder, packed

LOAD = dict(type="LoadImageFromFile")
PIPELINES = {
    "train": [LOAD, dict(type="RandomResizedCrop", scale=60), dict(type="RandomFlip", prob=0.5)],
    "pillow": [LOAD, dict(type="RandomResizedCrop", scale=60, backend="pillow"), dict(type="PackInputs")],
    "val": [
        LOAD,
        dict(type="ResizeEdge", scale=64),
        dict(type="CenterCrop", crop_size=48),
        dict(type="PackInputs"),
    ],
    "resize": [
        dict(LOAD, to_float32=True),
        dict(type="Resize", scale=(50, 40)),
        dict(type="RandomCrop", crop_size=32),
    ],
    "whole": [LOAD, dict(type="RandomErasing", erase_prob=1.0), dict(type="PackInputs")],
    "float": [dict(LOAD, to_float32=True), dict(type="RandomFlip", prob=0.5)],
    "grey": [dict(LOAD, color_type="grayscale"), dict(type="CenterCrop", crop_size=30)],
    "unchanged": [dict(LOAD, color_type="unchanged"), dict(type="RandomCrop", crop_size=30)],
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return folder(tmp_path_factory.mktemp("data"), count=8) / "train"


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch):
    monkeypatch.setenv("MMPRETRAIN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pixels"


def build(data, name="train", **options) -> CustomDataset:
    return CustomDataset(data_prefix=str(data), pipeline=copy.deepcopy(PIPELINES[name]), **options)


def samples(dataset) -> list:
    found = []
    for index in range(len(dataset)):
        seed_everything(1, index)
        found.append(dataset[index])
    return found


def assert_same(got: list, expected: list) -> None:
    assert len(got) == len(expected)
    for one, other in zip(got, expected):
        assert one.keys() == other.keys()
        for key, value in other.items():
            if isinstance(value, np.ndarray):
                assert np.array_equal(one[key], value)
                assert one[key].dtype == value.dtype
                assert one[key].flags.writeable
            elif key == "data_samples":
                assert {k: v for k, v in one[key].all_items() if k != "gt_label"} == {
                    k: v for k, v in value.all_items() if k != "gt_label"
                }
            elif key == "inputs":
                assert bool((one[key] == value).all())
            else:
                assert one[key] == value


@pytest.mark.parametrize("where", ["ram", "disk"])
@pytest.mark.parametrize("name", PIPELINES)
def test_samples_are_the_same(data, name, where, monkeypatch):
    expected = samples(build(data, name))
    cached = build(data, name, cache=where)
    assert_same(samples(cached), expected)
    assert cached._pixels.store.count == 8
    for function in ("imfrombytes", "_decode"):
        monkeypatch.setattr(io, function, lambda *args, **kwargs: pytest.fail("decoded again"))
    monkeypatch.setattr(
        "mmpretrain.datasets.transforms.loading.imfrombytes", lambda *a, **k: pytest.fail("again")
    )
    assert_same(samples(cached), expected)
    assert_same(samples(cached), expected)  # a transform may have written into what it got


def test_packs_and_subsets(data, tmp_path):
    packed(data.parent, tmp_path / "out")
    plain = PackedDataset(str(tmp_path / "out"), pipeline=PIPELINES["val"])
    for where in ("ram", "disk"):
        cached = PackedDataset(str(tmp_path / "out"), pipeline=PIPELINES["val"], cache=where)
        for _ in range(2):
            assert_same(samples(cached), samples(plain))
        chosen = cached.get_subset([5, 0])
        for _ in range(2):
            assert_same(samples(chosen), samples(plain.get_subset([5, 0])))
        assert np.array_equal(cached[-1]["inputs"], plain[-1]["inputs"])
        first = PackedDataset(str(tmp_path / "out"), pipeline=PIPELINES["val"], cache=where, indices=2)
        assert_same(samples(first), samples(plain)[:2])


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_workers_share_it(data, method):
    cached = build(data, "val", cache="ram")
    loader = DataLoader(
        cached, batch_size=2, num_workers=2, collate_fn=pseudo_collate, multiprocessing_context=method
    )
    batches = list(loader)
    assert cached._pixels.store.count == 8
    expected = build(data, "val")
    assert np.array_equal(batches[1]["inputs"][0], expected[2]["inputs"])


def test_copies_do_without(data):
    cached = build(data, "val", cache="ram")
    for twin in (copy.deepcopy(cached), pickle.loads(pickle.dumps(cached))):
        assert_same(samples(twin), samples(cached))


def test_a_changed_pipeline_is_not_served_from_the_cache(data):
    cached = build(data, "val", cache="ram")
    samples(cached)
    cached.pipeline.transforms[1] = Resize(80)
    plain = build(data, "val")
    plain.pipeline.transforms[1] = Resize(80)
    assert_same(samples(cached), samples(plain))


def test_large_photos_are_decoded_at_reduced_size_as_without_a_cache(tmp_path, caplog):
    (tmp_path / "a").mkdir()
    noise = np.random.RandomState(0).randint(0, 256, (400, 500, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "a" / "0.jpg"), noise)
    expected = samples(build(tmp_path))
    cached = build(tmp_path, cache="ram")
    for _ in range(2):
        assert_same(samples(cached), expected)
    assert cached._pixels.store is None
    assert "decoded at reduced size" in caplog.text


def test_the_disk_is_used_by_later_runs_until_a_file_changes(data, tmp_path, caches):
    root = folder(tmp_path / "own") / "train"
    samples(build(root, "val", cache="disk"))
    again = build(root, "val", cache="disk")
    assert again._pixels.store.count == 6
    assert len(list(caches.iterdir())) == 1
    path = again.get_data_info(2)["img_path"]
    cv2.imwrite(path, np.full((90, 90, 3), 7, np.uint8))
    assert_same(samples(again), samples(build(root, "val")))
    assert again[2]["inputs"].float().mean() == pytest.approx(7, abs=1)


def test_damage_on_the_disk_is_found(data, caches):
    samples(build(data, "val", cache="disk"))
    (path,) = caches.iterdir()
    content = bytearray(path.read_bytes())
    content[-6000:] = os.urandom(6000)
    content[5000:5100] = os.urandom(100)
    path.write_bytes(content)
    assert_same(samples(build(data, "val", cache="disk")), samples(build(data, "val")))
    for damaged in (b"", b"x" * 5000, bytes(content[:4096]), os.urandom(9000)):
        path.write_bytes(damaged)
        again = build(data, "val", cache="disk")
        assert_same(samples(again), samples(build(data, "val")))
        assert again._pixels.store.count == 8


def fill(data) -> None:
    samples(build(data, "val", cache="disk"))


def test_two_processes_fill_it_together(data):
    started = [multiprocessing.get_context("fork").Process(target=fill, args=(data,)) for _ in range(2)]
    for process in started:
        process.start()
    for process in started:
        process.join()
        assert process.exitcode == 0
    cached = build(data, "val", cache="disk")
    assert cached._pixels.store.count == 8
    assert_same(samples(cached), samples(build(data, "val")))


@pytest.mark.parametrize("where", ["ram", "disk"])
def test_it_keeps_within_its_size(data, where, caches):
    cached = build(data, "val", cache=where, cache_size=20_000)
    assert_same(samples(cached), samples(build(data, "val")))
    assert cached._pixels.store.count == 2  # of 48 x 48 x 3 bytes
    assert cached._pixels.store.used <= 20_000


def test_unused_caches_are_deleted(data, caches):
    for number in range(4):
        pipeline = [LOAD, dict(type="Resize", scale=60 + number)]
        cached = CustomDataset(data_prefix=str(data), pipeline=pipeline, cache="disk", cache_size="250KB")
        samples(cached)
        for path in caches.iterdir():
            status = path.stat()
            os.utime(path, (status.st_atime - 60, status.st_mtime - 60))
    assert 1 <= len(list(caches.iterdir())) <= 2
    assert sum(path.stat().st_blocks * 512 for path in caches.iterdir()) <= 300_000


def test_it_says_how_much_it_needs(data, caplog):
    with caplog.at_level(logging.INFO, logger=module.__name__):
        build(data, "val", cache="ram")
    (line,) = [record.getMessage() for record in caplog.records]
    assert "LoadImageFromFile, ResizeEdge, CenterCrop gives for 8 images: they need about 58." in line
    assert "room for all of them" in line
    caplog.clear()
    with caplog.at_level(logging.INFO, logger=module.__name__):
        build(data, "val", cache="disk", cache_size="31KB")
    assert "the first 53% of them" in caplog.text


def test_what_cannot_be_cached_is_said(data, caplog):
    class OwnLoad(LoadImageFromFile):
        def transform(self, results):
            return super().transform(results)

    own = CustomDataset(data_prefix=str(data), pipeline=[OwnLoad()], cache="ram")
    assert "cache='ram' has no effect: the pipeline begins with OwnLoad" in caplog.text
    assert own[0]["img"].shape == (96, 128, 3)


@pytest.mark.parametrize(("options", "key"), [
    (dict(cache="gpu"), "cache"), (dict(cache="ram", cache_size="much"), "cache_size"),
])  # fmt: skip
def test_wrong_settings(data, options, key):
    with pytest.raises(ConfigError) as caught:
        build(data, **options)
    assert caught.value.key == key


def test_unreadable_images_are_reported_as_without_a_cache(tmp_path):
    root = folder(tmp_path / "own") / "train"
    bad = root / "cat" / "0.jpg"
    bad.write_bytes(bad.read_bytes()[:300])
    for where in ("ram", "disk", None):
        for name in ("train", "val"):
            with pytest.raises(DataError, match=r"0\.jpg"):
                build(root, name, cache=where)[0]
    bad.unlink()
    bad.mkdir()
    skipping = build(root, "val", cache="disk", on_error="skip")
    assert skipping[0] is not None


def test_a_cache_folder_that_cannot_be_used(data, tmp_path, caplog, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MMPRETRAIN_CACHE", str(tmp_path / "file"))
    cached = build(data, "val", cache="disk")
    assert "cache='disk' has no effect: " in caplog.text
    assert "Not a directory" in caplog.text
    assert_same(samples(cached), samples(build(data, "val")))


@pytest.mark.parametrize("where", ["ram", "disk"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.ENOMEM])
def test_no_room_at_the_beginning(data, where, number, caplog, monkeypatch):
    def full(*args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "ftruncate" if number == errno.EFBIG else "posix_fallocate", full)
    cached = build(data, "val", cache=where)
    (line,) = caplog.messages
    assert line == f"cache={where!r} has no effect: {os.strerror(number)}"
    assert_same(samples(cached), samples(build(data, "val")))


@pytest.mark.parametrize("where", ["ram", "disk"])
def test_no_room_in_the_middle(data, where, caplog, monkeypatch):
    fresh = build(data, "train", cache=where)
    written = []

    def full_soon(descriptor, content, place, plain=os.pwrite):
        if len(written) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(1)
        return plain(descriptor, content, place)

    monkeypatch.setattr(os, "pwrite", full_soon)
    assert_same(samples(fresh), samples(build(data, "train")))
    assert caplog.messages == ["No more images are kept in the cache: No space left on device"]
    assert fresh._pixels.store.count == 3
    assert_same(samples(fresh), samples(build(data, "train")))


def test_caches_in_memory_share_what_is_free(data, monkeypatch):
    """Both would fill up the memory if each took half of what is free before either is filled."""
    monkeypatch.setattr(module, "free_memory", lambda: 80_000)
    first = build(data, "val", cache="ram")
    second = build(data, "val", cache="ram")
    rooms = [cached._pixels.store.room for cached in (first, second)]
    assert rooms == [40_000, 20_000]
    del first
    gc.collect()
    assert build(data, "val", cache="ram")._pixels.store.room == 30_000


def test_a_cache_with_less_room_than_images_is_used_again(data, caches, monkeypatch):
    """How much of the disk is free is never the same twice."""
    for free, count, room in [
        (50_000, 3, 25_000),
        (47_000, 3, 25_000),
        (30_000, 2, 15_000),
        (400_000, 8, None),
    ]:
        monkeypatch.setattr(module.shutil, "disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        monkeypatch.setattr(module, "_size_of", lambda _: 0)
        cached = build(data, "val", cache="disk")
        assert_same(samples(cached), samples(build(data, "val")))
        assert cached._pixels.store.count == count
        assert room in (None, cached._pixels.store.room)
    assert len(list(caches.iterdir())) == 1
    assert build(data, "val", cache="disk", cache_size=20_000)._pixels.store.room == 20_000
