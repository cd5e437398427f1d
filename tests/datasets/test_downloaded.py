"""Tests of :mod:`mmpretrain.datasets.downloaded`."""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile

import pytest

from mmpretrain.datasets import CIFAR10, MNIST
from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.registry import DATASETS
from tests.contracts import dataset_trees


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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({b"data": 1, "labels": [0]}, "no file of CIFAR10: it has no 'data'"),
        ([1, 2], "no file of CIFAR10: it holds no dict"),
        ({"data": b"12", "labels": [0]}, r"1 images must be bytes of shape \(1, 3072\), not \(\)"),
    ],
)
def test_files_that_are_something_else(tmp_path, monkeypatch, content, message):
    """Sums are not compared in folders that are not local, nor by classes of others."""
    folder = tmp_path / CIFAR10.base_folder
    folder.mkdir()
    (folder / "test_batch").write_bytes(pickle.dumps(content))
    monkeypatch.setattr(CIFAR10, "train_list", [])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", None]])
    with pytest.raises(DataError, match=f"test_batch.*{message}"):
        DATASETS.build(dict(type="CIFAR10", data_root=str(tmp_path), split="test"))
