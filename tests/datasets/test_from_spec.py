"""Data described in a word, as after ``--data``: which data set it is, its splits, the model's classes."""

from __future__ import annotations

import zipfile

import pytest

from mmpretrain.datasets import dataset_from_spec
from mmpretrain.datasets.from_spec import held_out_from_spec
from mmpretrain.errors import ConfigError, DataError, MissingFileError
from mmpretrain.registry import DATASETS


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


def test_splits_of_shards(here):
    pattern = "x-train-{00..02}.tar"
    assert dataset_from_spec(pattern, "train")["type"] == "KFoldDataset"
    (here / "x-val-00.tar").touch()
    (here / "x-val-01.tar").touch()
    assert dataset_from_spec(pattern, "train") == dict(type="ShardDataset", shards=pattern)
    assert dataset_from_spec(pattern, "val") == dict(
        type="ShardDataset", shards=["x-val-00.tar", "x-val-01.tar"]
    )


def test_a_zipped_folder(here):
    with zipfile.ZipFile("x.zip", "w") as archive:
        for name in ("data/cat/1.jpg", "data/dog/2.jpg", "__MACOSX/data/cat/1.jpg"):
            archive.writestr(name, "")
    assert DATASETS.build(dataset_from_spec("x.zip")).CLASSES == ("cat", "dog")


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


def test_what_is_held_out(tmp_path):
    """The part for validation; all images where none is set apart."""
    for place in ("parted/train/a", "parted/val/a", "whole/a", "whole/b"):
        (tmp_path / place).mkdir(parents=True)
    parted = held_out_from_spec(str(tmp_path / "parted"))
    assert parted["data_prefix"] == str(tmp_path / "parted" / "val")
    whole = held_out_from_spec(str(tmp_path / "whole"))
    assert whole == {"type": "CustomDataset", "data_prefix": str(tmp_path / "whole")}
