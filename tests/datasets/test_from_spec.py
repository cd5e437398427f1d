"""Data described in a word, as after ``--data``: which data set it is, its splits, the model's classes."""

from __future__ import annotations

import csv
import zipfile

import cv2
import numpy as np
import pytest

from mmpretrain.config import Config
from mmpretrain.config.source import Source
from mmpretrain.datasets import dataset_from_spec, use_data
from mmpretrain.datasets.preflight import enforce, preflight
from mmpretrain.errors import ConfigError, DataError, MissingFileError
from mmpretrain.registry import DATASETS

PIPELINE = [dict(type="LoadImageFromFile")]
CLASSES = ("cat", "dog")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_folder(root, classes=CLASSES, count=5):
    for name in classes:
        (root / name).mkdir(parents=True)
        for i in range(count):
            cv2.imwrite(str(root / name / f"{i}.png"), np.full((4, 5, 3), i, np.uint8))
    return root


def make_table(path, labels):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label"])
        writer.writerows([f"{i}.png", label] for i, label in enumerate(labels))


def paths(spec, split):
    dataset = DATASETS.build(dataset_from_spec(spec, split))
    return {dataset.get_data_info(i)["img_path"] for i in range(len(dataset))}


def is_divided(spec):
    """Whether a fifth of the samples is for validation, and no sample for both."""
    train, val, test = (paths(spec, split) for split in ("train", "val", "test"))
    return val == test and not train & val and len(train) == 4 * len(val)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("x.txt", "CustomDataset"),
        ("x.json", "BaseDataset"),
        ("x.tar", "ShardDataset"),
    ],
)
def test_kinds(here, name, kind):
    (here / name).touch()
    assert dataset_from_spec(name)["type"] == kind


def test_unknown_kinds(here):
    with pytest.raises(MissingFileError, match="no data at"):
        dataset_from_spec("nowhere")
    for name in ("x.pkl", "x.jpg", "README"):
        (here / name).touch()
        with pytest.raises(DataError, match="no kind of data"):
            dataset_from_spec(name)
    with pytest.raises(ConfigError, match=r"^train-{0..a}.tar: {0..a} is no range"):
        dataset_from_spec("train-{0..a}.tar", "val")


# -- splits --------------------------------------------------------------------------------------------


def test_splits_of_a_folder(here):
    make_folder(here / "all" / "train")
    assert is_divided("all")  # there is only data for training
    make_folder(here / "all" / "validation")
    for spec in ("all", "all/train"):
        assert dataset_from_spec(spec, "train") == dict(type="CustomDataset", data_prefix="all/train")
        for split in ("val", "test"):
            assert dataset_from_spec(spec, split) == dict(type="CustomDataset", data_prefix="all/validation")


def test_splits_of_a_file(here):
    make_table(here / "my_train.csv", ["cat"] * 10)
    assert is_divided("my_train.csv")
    make_table(here / "my_val.csv", ["cat"])
    assert dataset_from_spec("my_train.csv", "train")["ann_file"] == "my_train.csv"
    assert dataset_from_spec("my_train.csv", "val")["ann_file"] == "my_val.csv"


def test_splits_of_shards(here):
    pattern = "x-train-{00..02}.tar"
    assert dataset_from_spec(pattern, "train")["type"] == "KFoldDataset"
    (here / "x-val-00.tar").touch()
    (here / "x-val-01.tar").touch()
    assert dataset_from_spec(pattern, "train") == dict(type="ShardDataset", shards=pattern)
    assert dataset_from_spec(pattern, "val") == dict(
        type="ShardDataset", shards=["x-val-00.tar", "x-val-01.tar"]
    )


def test_splits_inside_of_a_zip_file(here):
    make_folder(here / "train")
    make_folder(here / "val", count=2)
    with zipfile.ZipFile("x.zip", "w") as archive:
        for split in ("train", "val"):
            for path in (here / split).rglob("*.png"):
                archive.write(path, path.relative_to(here))
    assert len(paths("x.zip", "train")) == 10
    assert len(paths("x.zip", "val")) == 4
    assert len(paths("zip://val::x.zip", None)) == 4


def test_a_zipped_folder(here):
    with zipfile.ZipFile("x.zip", "w") as archive:
        for name in ("data/cat/1.jpg", "data/dog/2.jpg", "__MACOSX/data/cat/1.jpg"):
            archive.writestr(name, "")
    assert DATASETS.build(dataset_from_spec("x.zip")).CLASSES == ("cat", "dog")


def test_without_a_split_a_fifth_is_held_out(here):
    make_folder(here / "all")
    assert is_divided("all")
    assert DATASETS.build(dataset_from_spec("all", "val")).get_gt_labels().tolist() in ([0, 1], [1, 0])


def test_what_is_named_after_testing_is_tested_as_a_whole(here):
    make_folder(here / "val")
    assert len(paths("val", "test")) == 10
    assert not paths("val", "train") & paths("val", "val")


def test_a_class_may_be_called_train(here):
    make_folder(here / "vehicles", ["bus", "train"])
    assert DATASETS.build(dataset_from_spec("vehicles")).CLASSES == ("bus", "train")
    assert is_divided("vehicles")


def test_splits_of_the_hub(here):
    datasets = pytest.importorskip("datasets", reason="needs the extra 'data'")
    part = datasets.Dataset.from_dict({"label": [0, 1] * 5})
    datasets.DatasetDict(train=part).save_to_disk("one")
    shared = dataset_from_spec("hf://one", "train")
    assert (shared["type"], shared["dataset"]["split"]) == ("KFoldDataset", "train")
    assert dataset_from_spec("hf://one?split=train", "val") == dataset_from_spec("hf://one", "val")
    datasets.DatasetDict(train=part, validation=part).save_to_disk("two")
    assert dataset_from_spec("hf://two", "train")["split"] == "train"
    assert dataset_from_spec("hf://two?label=x", "val") == dict(
        type="HuggingFaceDataset", path="two", label="x", split="validation"
    )
    assert dataset_from_spec("hf://two?split=validation", "test")["split"] == "validation"
    with pytest.raises(DataError, match=r"hf://two: .*'datasets' cannot load it"):
        DATASETS.build(dataset_from_spec("hf://two?split=tset"))


# -- configs -------------------------------------------------------------------------------------------


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
