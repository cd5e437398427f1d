"""Data sets read from a pack, compared with what they were made of."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from torch.utils.data import DataLoader

from mmpretrain.datasets import PackedDataset, dataset_from_spec, pseudo_collate
from mmpretrain.datasets.fingerprints import fingerprints_of
from mmpretrain.datasets.from_spec import held_out_from_spec
from mmpretrain.datasets.labelled import read_labelled
from mmpretrain.datasets.packed.encode import Encoding
from mmpretrain.errors import ConfigError, DataError, MissingFileError
from mmpretrain.registry import DATASETS
from tests.cli.commands import call
from tests.datasets.packed.pack_cases import CLASSES, folder, jpeg, packed

TRAIN = [
    dict(type="LoadImageFromFile", imdecode_backend="exact"),
    dict(type="RandomResizedCrop", scale=32),
    dict(type="RandomFlip", prob=0.5),
]


def samples(dataset) -> list[dict]:
    found = []
    for index in range(len(dataset)):
        np.random.seed(index)
        found.append(dataset[index])
    return found


def assert_same(got: list[dict], expected: list[dict]) -> None:
    assert len(got) == len(expected)
    for one, other in zip(got, expected):
        assert one["gt_label"] == other["gt_label"]
        assert np.array_equal(one["img"], other["img"])
        assert one["ori_shape"] == other["ori_shape"]


@pytest.mark.parametrize("how", ["jpeg", "raw", "keep"])
def test_pipelines_give_the_same(how, tmp_path):
    data = folder(tmp_path / "data", restart_marker_blocks=4)
    packed(data, tmp_path / "out", Encoding(how))
    for split in ("train", "val"):
        plain = DATASETS.build({**dataset_from_spec(str(data), split), "pipeline": TRAIN})
        dataset = DATASETS.build({**dataset_from_spec(str(tmp_path / "out"), split), "pipeline": TRAIN})
        assert isinstance(dataset, PackedDataset)
        assert dataset.CLASSES == CLASSES
        assert_same(samples(dataset), samples(plain))
        assert dataset.get_gt_labels().tolist() == plain.get_gt_labels().tolist()
        paths = [dataset.get_data_info(i)["img_path"] for i in range(len(dataset))]
        old = [plain.get_data_info(i)["img_path"] for i in range(len(plain))]
        assert [p.removeprefix(f"{tmp_path}/out/") for p in paths] == [
            p.removeprefix(f"{data}/") for p in old
        ]


def test_subsets_and_workers(tmp_path):
    packed(folder(tmp_path / "data", restart_marker_blocks=4), tmp_path / "out")
    dataset = PackedDataset(str(tmp_path / "out"), pipeline=TRAIN[:1])
    whole = samples(dataset)
    subset = dataset.get_subset([4, -1, 0])
    assert_same(samples(subset), [whole[4], whole[5], whole[0]])
    assert_same(samples(subset.get_subset([2])), [whole[0]])
    assert subset.get_gt_labels().tolist() == [1, 1, 0]
    assert len(PackedDataset(str(tmp_path / "out"), indices=3)) == 3
    copy = pickle.dumps(dataset)
    assert len(copy) < 4000
    assert_same(samples(pickle.loads(copy)), whole)
    (batch,) = DataLoader(subset, batch_size=3, num_workers=1, collate_fn=pseudo_collate)
    assert np.array_equal(batch["img"][2], whole[0]["img"])


def test_labels_of_all_kinds(tmp_path):
    records = [
        {"gt_label": [0, 2], "gt_score": 0.25, "site": "north", "tags": {"age": 3, "sex": None}},
        {"gt_label": [], "gt_score": -1.0, "site": "süd", "tags": {"age": [1.5, True]}},
        {"gt_label": [1], "gt_score": 1e30, "site": "", "only": "here"},
    ]
    for index, record in enumerate(records):
        record["img_path"] = f"{index}.jpg"
        (tmp_path / record["img_path"]).write_bytes(jpeg(seed=index))
    content = {"metainfo": {"classes": ["a", "b", "c"], "task": "tags"}, "data_list": records}
    (tmp_path / "train.json").write_text(json.dumps(content))
    (tmp_path / "val.json").write_text(json.dumps(content))
    packed(tmp_path / "train.json", tmp_path / "out")
    dataset = PackedDataset(str(tmp_path / "out"))
    assert dataset.metainfo == {"classes": ("a", "b", "c"), "task": "tags"}
    for index, record in enumerate(records):
        found = dataset.get_data_info(index)
        assert {key: found[key] for key in record if key != "img_path"} == {
            key: value for key, value in record.items() if key != "img_path"
        }
        assert ("only" in found) == ("only" in record)


def test_messages(tmp_path):
    with pytest.raises(MissingFileError, match=r"no packed data at .*train.*mmpretrain pack"):
        PackedDataset(str(tmp_path))
    packed(folder(tmp_path / "data"), tmp_path / "out")
    with pytest.raises(MissingFileError, match="The packed data set has train, val"):
        PackedDataset(str(tmp_path / "out"), split="test")
    with pytest.raises(MissingFileError, match="set split=''"):
        PackedDataset(str(tmp_path / "out" / "train"))
    with pytest.raises(ConfigError, match="Copy the folder"):
        PackedDataset("s3://bucket/out")
    assert len(PackedDataset(str(tmp_path / "out" / "val"), split="")) == 2
    shutil.rmtree(tmp_path / "out" / "val")
    held_out = DATASETS.build(dataset_from_spec(str(tmp_path / "out"), "val"))
    assert len(held_out) == 2  # a fifth of each class


def test_a_shard_that_changes_its_size_is_found(tmp_path):
    packed(folder(tmp_path / "data"), tmp_path / "out")
    shard = tmp_path / "out" / "train" / "shard-00000.bin"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"has .* bytes, and its index says"):
        PackedDataset(str(tmp_path / "out"))
    shard.unlink()
    with pytest.raises(MissingFileError, match="There is no shard"):
        PackedDataset(str(tmp_path / "out"))


def test_parts_to_fine_tune_on(tmp_path):
    """Labels, names and fingerprints are those of the files."""
    packed(folder(tmp_path / "data"), tmp_path / "out")
    parts, files = (read_labelled(str(tmp_path / name)) for name in ("out", "data"))
    for name, part in parts.named().items():
        other = files.named()[name]
        assert (part.labels, part.classes) == (other.labels, other.classes)
        assert [Path(path).name for path in part.names] == [Path(path).name for path in other.names]
        assert (fingerprints_of(part.build()).thumbs == fingerprints_of(other.build()).thumbs).all()
    assert read_labelled(str(tmp_path / "out" / "train")).val is None
    assert held_out_from_spec(str(tmp_path / "out"))["split"] == "val"


def test_predict_says_how_to_get_files(tmp_path, capsys):
    packed(folder(tmp_path / "data"), tmp_path / "out")
    done = call(capsys, "predict", tmp_path / "out", "--model", "lenet5_digits-folder")
    assert done.code == 2
    assert "holds packed data" in done.err


@pytest.mark.parametrize(
    ("how", "steps", "cached"),
    [
        ("jpeg", TRAIN, True),
        ("raw", TRAIN, False),
        ("raw", [TRAIN[0], dict(type="Resize", scale=16)], True),
    ],
)
def test_pixels_that_are_there_are_not_kept_twice(how, steps, cached, tmp_path):
    packed(folder(tmp_path / "data"), tmp_path / "out", Encoding(how))
    dataset = PackedDataset(str(tmp_path / "out"), pipeline=steps)
    assert dataset.cache_if_it_fits() == cached
    assert dataset.cache == ("ram" if cached else None)
