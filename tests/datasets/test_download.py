from __future__ import annotations

import hashlib
import io
import os
import tarfile

import pytest

from mmpretrain.datasets import CIFAR10, MNIST
from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.registry import DATASETS
from mmpretrain.utils import download as module
from mmpretrain.utils import web
from mmpretrain.utils.download import download, matches
from tests.contracts import dataset_trees
from tests.server import serve

DATA = os.urandom(100_000)
MD5 = f"md5:{hashlib.md5(DATA).hexdigest()}"


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setattr(web, "RETRY_PAUSES", (0.0, 0.0))
    with serve() as site:
        site.files["/a.bin"] = DATA
        yield site


def test_download(site, tmp_path):
    target = tmp_path / "sub" / "a.bin"
    assert download(f"{site.url}/a.bin", target, MD5) == str(target)
    assert target.read_bytes() == DATA
    assert [path.name for path in target.parent.iterdir()] == ["a.bin"]
    asked = len(site.requests)
    download(f"{site.url}/a.bin", target, MD5)
    assert len(site.requests) == asked, "what is there and intact is not fetched again"
    target.write_bytes(b"damaged")
    download(f"{site.url}/a.bin", target, MD5)
    assert target.read_bytes() == DATA
    assert matches(target, f"sha256:{hashlib.sha256(DATA).hexdigest()[:8]}")


def test_goes_on_where_it_broke_off(site, tmp_path):
    site.cut_after = [30_000, 10_000]
    assert download(f"{site.url}/a.bin", tmp_path / "a.bin", MD5)
    assert (tmp_path / "a.bin").read_bytes() == DATA
    assert [asked for _, _, asked in site.requests] == [None, "bytes=30000-", "bytes=40000-"]


def test_goes_on_in_the_next_run(site, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "RESUMES", 0)
    site.cut_after = [60_000]
    with pytest.raises(MissingFileError, match=r"only 60000 of 100000 bytes.*Put the file at"):
        download(f"{site.url}/a.bin", tmp_path / "a.bin", MD5)
    assert not (tmp_path / "a.bin").exists()
    download(f"{site.url}/a.bin", tmp_path / "a.bin", MD5)
    assert site.requests[-1][2] == "bytes=60000-"
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_server_without_ranges(site, tmp_path):
    site.ranges = False
    (tmp_path / "a.bin.part").write_bytes(b"x" * 50)
    download(f"{site.url}/a.bin", tmp_path / "a.bin", MD5)
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_part_that_is_complete_already(site, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(DATA)
    download(f"{site.url}/a.bin", tmp_path / "a.bin", MD5)
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_busy_server_is_asked_again(site, tmp_path):
    site.failures = 2
    download(f"{site.url}/a.bin", tmp_path / "a.bin", MD5)
    assert len(site.requests) == 3


def test_sources_in_turn(site, tmp_path):
    site.files["/wrong.bin"] = b"something else"
    urls = [f"{site.url}/none.bin", f"{site.url}/wrong.bin", f"{site.url}/a.bin"]
    download(urls, tmp_path / "a.bin", MD5)
    assert (tmp_path / "a.bin").read_bytes() == DATA
    with pytest.raises(MissingFileError, match=r"none\.bin: it answers 404"):
        download(urls[:1], tmp_path / "b.bin")
    with pytest.raises(DataError, match="does not match md5"):
        download(urls[1], tmp_path / "b.bin", MD5)
    assert not list(tmp_path.glob("b.bin*"))


# -- data sets -----------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "arrays").mkdir()
    dataset_trees.arrays(tmp_path / "arrays")
    return tmp_path / "arrays"


def md5(data):
    return hashlib.md5(data).hexdigest()


def test_mnist_downloads_itself(site, tree, tmp_path, monkeypatch):
    for attribute in ("train_list", "test_list"):
        listed = []
        for name, _ in getattr(MNIST, attribute):
            data = (tree / "mnist" / name).read_bytes()
            site.files[f"/mnist/{name}"] = data
            listed.append([name, md5(data)])
        monkeypatch.setattr(MNIST, attribute, listed)
    monkeypatch.setattr(MNIST, "url_prefix", f"{site.url}/gone/")
    monkeypatch.setattr(MNIST, "mirrors", (f"{site.url}/mnist/",))
    cfg = dict(type="MNIST", data_root=str(tmp_path / "data"), data_prefix="mnist")
    with pytest.raises(MissingFileError, match=r"MNIST is not complete in .*no intact train-images"):
        DATASETS.build({**cfg, "download": False})
    dataset = DATASETS.build(cfg)
    assert dataset.get_gt_labels().tolist() == [5, 6, 7]
    assert DATASETS.build({**cfg, "split": "test", "download": False}).get_gt_labels().tolist() == [5, 6]
    (tmp_path / "data/mnist/train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03 cut off")
    with pytest.raises(DataError, match="cut off"):
        DATASETS.build(cfg)
    (tmp_path / "data/mnist/train-images-idx3-ubyte").write_bytes(b"<html>")
    with pytest.raises(DataError, match="not an IDX file"):
        DATASETS.build(cfg)


def test_cifar_downloads_itself(site, tree, tmp_path, monkeypatch):
    folder = tree / "cifar" / CIFAR10.base_folder
    names = {"train_list": ["data_batch_1", "data_batch_2"], "test_list": ["test_batch"]}
    for attribute, listed in names.items():
        sums = [[name, md5((folder / name).read_bytes())] for name in listed]
        monkeypatch.setattr(CIFAR10, attribute, sums)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(folder, CIFAR10.base_folder)
    site.files["/cifar.tar.gz"] = packed.getvalue()
    monkeypatch.setattr(CIFAR10, "url", f"{site.url}/cifar.tar.gz")
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5(packed.getvalue()))
    cfg = dict(type="CIFAR10", data_root=str(tmp_path / "data"))
    dataset = DATASETS.build(cfg)
    assert dataset.get_gt_labels().tolist() == [0, 1, 1, 2]
    assert dataset[0]["img"].shape == (32, 32, 3)
    asked = len(site.requests)
    (tmp_path / "data" / CIFAR10.base_folder / "test_batch").write_bytes(b"damaged")
    DATASETS.build(cfg)
    assert len(site.requests) == asked, "the archive is still there"
    no_names = DATASETS.build({**cfg, "metainfo": {"classes": None}, "lazy_init": True})
    assert no_names.CLASSES is None
