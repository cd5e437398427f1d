"""Tests of :mod:`mmpretrain.datasets.exchange`."""

from __future__ import annotations

import pytest

from mmpretrain.config import Config
from mmpretrain.config.source import Source
from mmpretrain.datasets import dataset_from_spec, use_data
from mmpretrain.datasets.preflight import enforce, preflight
from mmpretrain.errors import DataError
from mmpretrain.registry import DATASETS
from tests.datasets.spec_cases import CLASSES, make_folder, make_table

PIPELINE = [dict(type="LoadImageFromFile")]


def config(**model):
    loader = dict(
        batch_size=2, dataset=dict(type="RepeatDataset", times=2, dataset=dict(type="X", pipeline=PIPELINE))
    )
    return Config(
        dict(
            model=model,
            train_dataloader=loader,
            val_dataloader=dict(batch_size=2, dataset=dict(type="X", pipeline=[])),
            test_dataloader=None,
        )
    )


def test_use_data(here):
    make_folder(here / "all")
    cfg = config(head=dict(type="LinearClsHead", num_classes=1000))
    use_data(cfg, "all")
    assert cfg.model.head.num_classes == 2
    train = DATASETS.build(cfg.train_dataloader.dataset)
    assert train[0]["img"].shape == (4, 5, 3)
    assert len(train) == 8
    assert cfg.val_dataloader.batch_size == 2
    assert list(CLASSES) == DATASETS.build(cfg.val_dataloader.dataset).CLASSES


def test_use_data_keeps_what_is_not_about_files(here):
    make_folder(here / "all")
    old = dict(type="X", pipeline=PIPELINE, on_error="skip", indices=3, ann_file="of something else")
    cfg = Config(dict(train_dataloader=dict(batch_size=2, dataset=old)))
    use_data(cfg, "all")
    inner = cfg.train_dataloader.dataset.dataset
    assert (inner.on_error, inner.indices, "ann_file" in inner) == ("skip", 3, False)


def test_everything_that_counts_classes_follows(here):
    make_table(here / "x.csv", [0, 6] * 5)
    cfg = config(
        head=dict(num_classes=1000, loss=dict(type="LabelSmoothLoss", num_classes=1000)),
        neck=dict(num_classes=256),
        train_cfg=dict(augments=[dict(type="Mixup", num_classes=1000)]),
    )
    cfg.data_preprocessor = dict(num_classes=1000)
    use_data(cfg, "x.csv", source=Source("--data"))
    counts = cfg.model.head.num_classes, cfg.model.head.loss.num_classes
    assert counts == (7, 7)  # without names, the labels tell
    assert (cfg.model.train_cfg.augments[0].num_classes, cfg.data_preprocessor.num_classes) == (7, 7)
    assert cfg.model.neck.num_classes == 256
    assert str(cfg.model.head.source("num_classes")) == "--data (model.head.num_classes)"


def test_classifiers_in_the_backbone_follow(here):
    make_folder(here / "all")
    cfg = config(backbone=dict(type="VGG", num_classes=1000), head=dict(type="ClsHead"))
    use_data(cfg, "all")
    assert cfg.model.backbone.num_classes == 2


def test_labels_beyond_a_classifier_in_the_backbone(here):
    make_folder(here / "all", count=1)
    dataset = dict(type="CustomDataset", data_prefix="all", pipeline=PIPELINE)
    cfg = config(backbone=dict(type="VGG", num_classes=1), head=dict(type="ClsHead"))
    cfg.train_dataloader.dataset = dataset
    texts = [problem.text for problem in preflight(cfg, splits=("train",))]
    assert any("Label 1 out of range" in text and "model.backbone.num_classes" in text for text in texts)


def test_too_few_samples_to_divide(here):
    make_table(here / "x.csv", ["cat", "dog"])
    with pytest.raises(DataError, match=r"'x.csv' has 2 samples, too few"):
        use_data(config(), "x.csv")


def test_no_samples_are_a_hard_problem(here):
    make_table(here / "x.csv", [])
    dataset = DATASETS.build(dataset_from_spec("x.csv"))
    with pytest.raises(DataError, match=r"there is no sample in x\.csv"):
        enforce(preflight(dict(train=dataset)))


def test_unknown_folders_are_named(here):
    make_folder(here / "x" / "train")
    make_folder(here / "x" / "val", ["cat", "dog", "dog "])
    cfg = config()
    use_data(cfg, "x")
    with pytest.raises(DataError, match=r"3 folders for 2 classes. No class is called 'dog '"):
        DATASETS.build(cfg.val_dataloader.dataset)
