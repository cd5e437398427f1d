"""Tests of :mod:`mmpretrain.datasets.lmdb_dataset`."""

from __future__ import annotations

import pytest

from mmpretrain.datasets import dataset_from_spec
from mmpretrain.errors import DataError
from mmpretrain.registry import DATASETS
from tests.datasets.container_cases import CLASSES, COUNT, PIPELINE, check, class_of, encoded


@pytest.fixture
def database(tmp_path):
    lmdb = pytest.importorskip("lmdb")
    path = tmp_path / "x.lmdb"
    with lmdb.open(str(path), map_size=1 << 20) as env, env.begin(write=True) as transaction:
        for i in range(COUNT):
            transaction.put(f"{class_of(i)}/{i}.png".encode(), encoded(i))
        transaction.put(b"__len__", b"10")
    return path


def test_lmdb(database):
    check(dataset_from_spec(str(database)))


def test_lmdb_with_list(database, tmp_path):
    lines = [f"{class_of(i)}/{i}.png {i % 2}" for i in range(COUNT)]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    cfg = dict(type="LMDBDataset", db_path="x.lmdb", data_root=str(tmp_path), ann_file="list.txt")
    check({**cfg, "classes": CLASSES})
    (tmp_path / "list.txt").write_text("nothing.png 0")
    with pytest.raises(DataError, match=r"no key 'nothing\.png'"):
        DATASETS.build({**cfg, "pipeline": PIPELINE})[0]


def test_lmdb_with_other_classes(database):
    with pytest.raises(DataError, match="no class"):
        DATASETS.build(dict(type="LMDBDataset", db_path=str(database), classes=["cat"]))
