"""Tests of :mod:`mmpretrain.config.checks.files`."""

from __future__ import annotations

import pytest

from mmpretrain.config import Config
from mmpretrain.config.checks.files import check_files


def found(cfg, splits=("train",)):
    return {item.path: item.message for item in check_files(Config(cfg), splits)}


def loader(**dataset):
    return dict(train_dataloader=dict(dataset=dict(dataset)))


def test_the_folder_before_what_is_in_it(tmp_path):
    cfg = loader(type="ImageNet", data_root=str(tmp_path / "no"), ann_file="a.txt", data_prefix="train")
    assert list(found(cfg)) == ["train_dataloader.dataset.data_root"]
    cfg = loader(type="ImageNet", data_root=str(tmp_path), ann_file="a.txt", data_prefix="train")
    assert list(found(cfg)) == ["train_dataloader.dataset.ann_file", "train_dataloader.dataset.data_prefix"]
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "train").mkdir()
    assert found(cfg) == {}


@pytest.mark.parametrize(
    "dataset",
    [
        dict(type="CIFAR10", data_root="/nowhere"),  # is downloaded
        dict(type="OfAUser", data_root="/nowhere"),
        dict(type="ImageNet", data_root="s3://bucket/data"),
        dict(type="ImageNet", data_root="/nowhere", pipeline=[
            dict(type="LoadImageFromFile", backend_args=dict(backend="petrel")),
        ]),
    ],
)  # fmt: skip
def test_data_that_need_not_be_on_the_disk(dataset):
    assert found(loader(**dataset)) == {}


def test_only_the_splits_that_are_asked_for():
    cfg = loader(type="CIFAR10", data_root="/nowhere", download=False)
    assert found(cfg, ("val",)) == {}
    assert list(found(cfg)) == ["train_dataloader.dataset.data_root"]


def test_weights_that_are_not_there(tmp_path):
    pretrained = dict(init_cfg=dict(type="Pretrained", checkpoint=str(tmp_path / "w.pth")))
    problems = found(dict(load_from=str(tmp_path / "x.pth"), model=dict(type="A", backbone=pretrained)))
    assert list(problems) == ["load_from", "model.backbone.init_cfg.checkpoint"]
    assert found(dict(load_from=None)) == {}
