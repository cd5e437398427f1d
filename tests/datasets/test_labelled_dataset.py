"""Tables of any kind as data sets, and in the place of those of a config."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmpretrain.config import Config
from mmpretrain.config.wrapped import innermost
from mmpretrain.datasets import LabelledTable, use_data
from mmpretrain.datasets.exchange import images_of, use_all_for_test
from mmpretrain.datasets.labelled_dataset import as_labelled
from mmpretrain.errors import DataError
from mmpretrain.registry import DATASETS

NAMES = ["ant", "bee"] * 6
LINEAR = dict(type="LinearClsHead", num_classes=2, in_channels=4)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(12):
        cv2.imwrite(f"{number}.png", np.full((4, 5, 3), number, np.uint8))
    return tmp_path


def table(text: str, cells, name="x.csv", encoding="utf-8"):
    with open(name, "w", encoding=encoding) as file:
        file.write(text + "".join(f"{number}.png{cell}\n" for number, cell in enumerate(cells)))
    return name


def put_in(head, spec, **kwargs):
    loader = dict(batch_size=2, dataset=dict(type="X", pipeline=[]))
    model = dict(type="ImageClassifier", head=head)
    cfg = Config(dict(model=model, train_dataloader=loader, test_dataloader=loader))
    use_data(cfg, spec, **kwargs)
    return cfg


def number_of(record) -> int:
    return int(record["img_path"].rpartition("/")[2].partition(".")[0])


@pytest.mark.parametrize(
    ("header", "cells", "encoding"),
    [
        ("image,class\n", [f",{name}" for name in NAMES], "utf-8"),
        ("filename;category\n", [f";{name}" for name in NAMES], "utf-8-sig"),
        ("", [f",{name}" for name in NAMES], "utf-8"),
    ],
)
def test_tables_with_other_names_or_none(here, header, cells, encoding):
    cfg = put_in(LINEAR, table(header, cells, encoding=encoding))
    train, test = (DATASETS.build(cfg[f"{name}_dataloader"].dataset) for name in ("train", "test"))
    assert (len(train), len(test)) == (9, 3) or (len(train), len(test)) == (10, 2)
    assert list(train.metainfo["classes"]) == ["ant", "bee"]
    assert sorted({int(label) for label in train.get_gt_labels()}) == [0, 1]


def test_paths_from_windows(here):
    (here / "img").mkdir()
    for number in range(12):
        (here / f"{number}.png").rename(here / "img" / f"{number}.png")
    text = "path,label\n" + "".join(f"img\\{number}.png,{name}\n" for number, name in enumerate(NAMES))
    (here / "x.csv").write_text(text)
    dataset = DATASETS.build(put_in(LINEAR, "x.csv").test_dataloader.dataset)
    assert (here / dataset.get_data_info(0)["img_path"]).is_file()


def test_values_for_a_regression_head(here):
    cells = [f",{number}" for number in range(12)]
    cfg = put_in(dict(type="RegressionHead", in_channels=4), table("image,age\n", cells))
    train = DATASETS.build(cfg.train_dataloader.dataset)
    for index in range(len(train)):
        record = train.get_data_info(index)
        assert number_of(record) == record["gt_value"][0]


def test_several_values_keep_the_columns_of_the_config(here):
    name = table("path,x,y\n", [f",{n},{-n}" for n in range(12)])
    old = dict(type="TableDataset", ann_file="old.csv", value=["y", "x"], pipeline=[])
    cfg = Config(
        dict(
            model=dict(type="ImageClassifier", head=dict(type="RegressionHead", num_values=2, in_channels=4)),
            train_dataloader=dict(batch_size=2, dataset=old),
        )
    )
    use_data(cfg, name)
    train = DATASETS.build(cfg.train_dataloader.dataset)
    assert all(pair[0] == -pair[1] for pair in (train.get_data_info(i)["gt_value"] for i in range(3)))


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("path,labels\n", [f",{name};x" if n % 2 else f",{name}" for n, name in enumerate(NAMES)]),
        ("path,ant,bee,x\n", [",0,1,1" if n % 2 else ",1,0,0" for n in range(12)]),
    ],
)
def test_several_labels(here, header, cells):
    head = dict(type="MultiLabelLinearClsHead", num_classes=9, in_channels=4)
    cfg = put_in(head, table(header, cells))
    assert cfg.model.head.num_classes == 3
    dataset = LabelledTable("x.csv", task="multi")
    assert [dataset.get_data_info(n)["gt_label"] for n in (0, 1)] == [[0], [1, 2]]
    assert dataset.get_cat_ids(1) == [1, 2]


def test_the_order_of_ranks_is_that_of_their_numbers(here):
    head = dict(type="OrdinalClsHead", num_classes=3, in_channels=4)
    cells = [f",{(1, 2, 10)[n % 3]} stars" for n in range(12)]
    train = DATASETS.build(innermost(put_in(head, table("path,label\n", cells)).train_dataloader.dataset))
    assert list(train.metainfo["classes"]) == ["1 stars", "2 stars", "10 stars"]


def test_a_column_of_parts_divides(here):
    parts = ["train"] * 6 + ["val"] * 3 + ["test"] * 3
    cells = [f",{name},{part}" for name, part in zip(NAMES, parts)]
    cfg = put_in(LINEAR, table("path,label,split\n", cells))
    train, test = (DATASETS.build(cfg[f"{name}_dataloader"].dataset) for name in ("train", "test"))
    assert [len(train), len(test)] == [6, 3]
    assert {number_of(test.get_data_info(i)) for i in range(3)} == {9, 10, 11}
    held = as_labelled({"type": "TableDataset", "ann_file": "x.csv"})
    assert held == {"type": "LabelledTable", "ann_file": "x.csv", "part": "val"}


def test_plain_tables_stay_what_they_are(here):
    cfg = {"type": "TableDataset", "ann_file": table("path,label\n", [f",{name}" for name in NAMES])}
    assert as_labelled(cfg, "train") is cfg


def test_a_model_that_is_tested_keeps_its_outputs(here):
    name = table("path,label\n", [f",{name}" for name in NAMES])
    head = LINEAR | {"num_classes": 5}
    assert put_in(head, name).model.head.num_classes == 2
    assert put_in(head, name, fit=False).model.head.num_classes == 5


def test_classes_that_the_data_set_is_not_given(here):
    name = table("image,class\n", [f",{name}" for name in NAMES])
    assert LabelledTable(name, metainfo={"classes": ["bee", "cat", "ant"]}).get_data_info(0)["gt_label"] == 2
    with pytest.raises(DataError, match="'ant' is none of the 1 classes"):
        LabelledTable(name, metainfo={"classes": ["bee"]})
    with pytest.raises(DataError, match="no row is for val"):
        LabelledTable(name, part="val")


def test_other_data_are_tested_whole(here):
    cfg = put_in(LINEAR, table("path,label\n", [f",{name}" for name in NAMES]), fit=False)
    own, held_out = images_of(cfg, "train"), len(DATASETS.build(cfg.test_dataloader.dataset))
    assert own == {str(here / f"{number}.png") for number in range(12)}
    for trained_on in (frozenset(), own, frozenset([str(here / "3.png")])):
        use_all_for_test(cfg, trained_on, "x.csv")
        assert len(DATASETS.build(cfg.test_dataloader.dataset)) == held_out < 12
    use_all_for_test(cfg, frozenset([str(here / "else.png")]), "x.csv")
    assert len(DATASETS.build(cfg.test_dataloader.dataset)) == 12
    assert images_of(cfg, "val") == frozenset()
