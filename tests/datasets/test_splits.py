"""Tests of :mod:`mmpretrain.datasets.splits`."""

from __future__ import annotations

import zipfile

from mmpretrain.datasets import dataset_from_spec
from mmpretrain.registry import DATASETS
from tests.datasets.spec_cases import make_folder, make_table


def paths(spec, split):
    dataset = DATASETS.build(dataset_from_spec(spec, split))
    return {dataset.get_data_info(i)["img_path"] for i in range(len(dataset))}


def is_divided(spec):
    """Whether a fifth of the samples is for validation, and no sample for both."""
    train, val, test = (paths(spec, split) for split in ("train", "val", "test"))
    return val == test and not train & val and len(train) == 4 * len(val)


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
