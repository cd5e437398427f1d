"""Tests of :mod:`mmpretrain.datasets.record_list`."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mmpretrain.config import Config
from mmpretrain.datasets import BaseDataset
from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.registry import DATASETS
from tests.datasets.base_cases import build


@pytest.mark.parametrize("serialize", [True, False])
def test_records(root, serialize):
    dataset = build(root, serialize_data=serialize)
    assert len(dataset) == 6
    expected = {"img_path": f"{root}/images/1.jpg", "gt_label": 1, "boxes": [[1, 2.5]], "sample_idx": 1}
    assert dataset.get_data_info(1) == expected
    assert list(dataset.get_data_info(1)) == list(expected), "the order of the keys is kept"
    assert dataset.get_data_info(-1)["sample_idx"] == 5
    dataset.get_data_info(0)["boxes"].append("changed")
    assert dataset.get_data_info(0)["boxes"] == [[0, 2.5]], "each access gives a copy"
    assert dataset.get_gt_labels().tolist() == [0, 1, 0, 1, 0, 1]
    assert dataset.get_cat_ids(3) == [1]
    with pytest.raises(IndexError):
        dataset.get_data_info(6)


def test_meta_information(root, tmp_path):
    assert build(root).metainfo == {"classes": ["a", "b"], "task": "demo"}
    dataset = build(root, classes=["x", "y"], metainfo={"more": 1})
    assert dataset.CLASSES == ("x", "y")
    assert dataset.class_to_idx == {"x": 0, "y": 1}
    assert dataset.metainfo["more"] == 1
    (tmp_path / "names.txt").write_bytes("\ufeffAntílope\r\nbear\r\n".encode())
    assert build(root, classes=str(tmp_path / "names.txt")).CLASSES == ("Antílope", "bear")
    assert build(root, metainfo={"classes": str(tmp_path / "names.txt")}).CLASSES == ["Antílope", "bear"]
    dataset.metainfo["classes"] = None
    assert dataset.CLASSES == ("x", "y"), "metainfo is a copy"
    with pytest.raises(ValueError, match="classes must be"):
        build(root, classes=7)
    with pytest.raises(TypeError, match="metainfo must be a dict"):
        build(root, metainfo=[1])


def test_categories_become_classes(tmp_path):
    content = {"metainfo": {"categories": [{"id": 1, "category_name": "b"}, {"id": 0, "category_name": "a"}]}}
    (tmp_path / "ann.json").write_text(json.dumps({**content, "data_list": []}))
    assert build(tmp_path).CLASSES == ("a", "b")


def test_subclass_filters_and_parses(root):
    class Odd(BaseDataset):
        def parse_data_info(self, raw_data_info):
            return [dict(raw_data_info, copy=i) for i in range(2)]

        def filter_data(self):
            return [r for r in self.data_list if r["gt_label"] == self.filter_cfg["label"]]

    dataset = Odd("ann.json", data_root=str(root), filter_cfg={"label": 1})
    assert [(r["img_path"], r["copy"]) for r in dataset.data_infos][:3] == [
        ("1.jpg", 0),
        ("1.jpg", 1),
        ("3.jpg", 0),
    ]


def test_subclass_changes_what_the_parent_loaded(root):
    from mmpretrain.datasets import CustomDataset

    (root / "list.txt").write_text("a.jpg 0\nb.jpg 1\n")

    class Longer(CustomDataset):
        def load_data_list(self):
            records = super().load_data_list()
            for record in records:
                record["gt_label"] += 10
            records.append({"img_path": "c.jpg", "gt_label": 3})
            return records

    dataset = Longer(data_root=str(root), ann_file="list.txt")
    assert dataset.get_gt_labels().tolist() == [10, 11, 3]


def test_missing_annotation_file_names_the_config_line(tmp_path):
    config = tmp_path / "my.py"
    config.write_text(
        "dataset = dict(\n    type='CustomDataset',\n"
        f"    data_root={str(tmp_path)!r},\n    ann_file='meta/train.txt',\n)\n"
    )
    with pytest.raises(MissingFileError) as caught:
        DATASETS.build(Config.fromfile(str(config)).dataset)
    message = str(caught.value)
    assert "my.py:4" in message
    assert (
        f"There is no file '{tmp_path}/meta/train.txt', which ann_file of CustomDataset leads to" in message
    )
    assert f"The last part of it that exists is {tmp_path}." in message
    assert "ann_file=''" in message


@pytest.mark.parametrize(
    ("kwargs", "argument"),
    [
        ({"data_root": "/no/such"}, "data_root"),
        ({"data_prefix": "/no/such"}, "data_prefix"),
        ({"data_prefix": "/no/such", "with_label": False}, "data_prefix"),
    ],
)
def test_missing_folder(kwargs, argument):
    with pytest.raises(MissingFileError, match=f"'/no/such.*which {argument} of CustomDataset leads to"):
        DATASETS.build(dict(type="CustomDataset", **kwargs))


@pytest.mark.parametrize("content", ["[1]", '{"data_list": []}', "{"])
def test_malformed_annotation_file(tmp_path, content):
    (tmp_path / "ann.json").write_text(content)
    with pytest.raises(DataError, match=r"ann\.json"):
        build(tmp_path)


def test_item_without_path(tmp_path):
    (tmp_path / "ann.json").write_text('{"metainfo": {}, "data_list": [{"img": "x"}]}')
    with pytest.raises(DataError, match="has no 'img_path'"):
        build(tmp_path)


def test_data_set_of_0x(tmp_path):
    class Filelist(BaseDataset):
        CLASSES = ["cat", "dog"]

        def load_annotations(self):
            assert isinstance(self.data_prefix, str)
            return [
                {
                    "img_prefix": self.data_prefix,
                    "img_info": {"filename": f"{i}.jpg"},
                    "gt_label": np.array(i, dtype=np.int64),
                }
                for i in range(2)
            ]

    dataset = DATASETS.build(dict(type=Filelist, data_prefix="images", pipeline=[]))
    info = dataset.get_data_info(1)
    assert info["img_path"] == "images/1.jpg"
    assert info["img_info"] == {"filename": "1.jpg"}
    assert info["gt_label"] == 1
    assert dataset.CLASSES == ["cat", "dog"]
    assert dataset.metainfo["classes"] == ("cat", "dog")
    assert dataset.get_gt_labels().tolist() == [0, 1]
    assert dataset.data_infos[0]["img_prefix"] == "images"


def test_assigning_classes_as_in_0x(root):
    dataset = build(root)
    dataset.CLASSES = ("x", "y")
    assert dataset.metainfo["classes"] == ("x", "y")
