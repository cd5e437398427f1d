"""Tests of :mod:`mmpretrain.cli.records`: which images of a test are in training, too."""

from __future__ import annotations

import shutil
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from mmpretrain.cli import records
from mmpretrain.config import ConfigDict
from mmpretrain.evaluation import Record
from mmpretrain.registry import DATASETS
from tests.audit.cases import write_parts


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = write_parts(tmp_path_factory.mktemp("data") / "photos", 8, 5)
    shutil.copy(root / "val" / "disc" / "001.png", root / "train" / "disc" / "same.png")
    image = cv2.imread(str(root / "val" / "cross" / "003.png"))
    assert image is not None
    cv2.imwrite(str(root / "train" / "cross" / "compressed.jpg"), image)
    return root


def runner_of(root, train: str | None = "train", test: str = "val") -> Any:
    def settings(part):
        return {"type": "CustomDataset", "data_root": str(root), "data_prefix": part}

    cfg = ConfigDict(train_dataloader={"dataset": settings(train)} if train else None)
    dataset = DATASETS.build(settings(test))
    loader = SimpleNamespace(dataset=dataset)
    return SimpleNamespace(cfg=cfg, test_dataloader=loader, work_dir=str(root))


RECORD = Record(np.eye(2, dtype=np.float32)[np.arange(10) // 5], np.arange(10) // 5)


def test_copies_are_found(root):
    runner = runner_of(root)
    names = [runner.test_dataloader.dataset.get_data_info(i)["img_path"] for i in range(10)]
    leaked = records.leaks_of(runner, RECORD)
    assert leaked is not None
    ends = [names[i].replace("\\", "/").partition("/val/")[2] for i in leaked]
    assert ends == ["cross/003.png", "disc/001.png"]


def test_what_is_not_looked_at(root, monkeypatch):
    assert records.leaks_of(runner_of(root, train=None), RECORD) is None
    assert records.leaks_of(runner_of(root, train="gone"), RECORD) is None
    assert records.leaks_of(runner_of(root, test="train"), RECORD) is None, "of another data set"
    monkeypatch.setattr(records, "COMPARED", 20)
    assert records.leaks_of(runner_of(root), RECORD) is None
