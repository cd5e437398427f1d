"""Tests of :mod:`mmpretrain.datasets.table`."""

from __future__ import annotations

import csv

import pytest

from mmpretrain.datasets import dataset_from_spec
from mmpretrain.errors import DataError
from mmpretrain.registry import DATASETS
from tests.datasets.container_cases import CLASSES, COUNT, check, class_of


def write_table(path, delimiter=",", label=class_of, bom=""):
    with open(path, "w", newline="", encoding="utf-8") as file:
        file.write(bom)
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["id", "path", "label", "split"])
        for i in range(COUNT):
            writer.writerow([i, f"folder/{class_of(i)}/{i}.png", label(i), "a" if i < 3 else "b"])


@pytest.mark.parametrize(("name", "delimiter"), [("x.csv", ","), ("x.tsv", "\t")])
def test_table_with_names(folder, name, delimiter):
    table = folder.parent / name
    write_table(table, delimiter, bom="\ufeff")
    check(dataset_from_spec(str(table)))


def test_table_with_indices_rows_and_further_columns(folder):
    table = folder.parent / "x.csv"
    write_table(table, label=lambda i: i % 2)
    cfg = dict(type="TableDataset", ann_file="x.csv", data_root=str(folder.parent), classes=CLASSES)
    check(cfg)
    dataset = DATASETS.build({**cfg, "where": {"split": "a"}, "keep": ["id"]})
    assert [(r["id"], r["gt_label"]) for r in dataset.data_infos] == [("0", 0), ("1", 1), ("2", 0)]
    unlabelled = DATASETS.build(dict(type="TableDataset", ann_file=str(table), label=None))
    assert unlabelled.get_data_info(0) == {"img_path": "folder/cat/0.png", "sample_idx": 0}


def test_parquet(folder):
    arrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    columns = {"path": [f"folder/{class_of(i)}/{i}.png" for i in range(COUNT)]}
    columns["label"] = [class_of(i) for i in range(COUNT)]
    parquet.write_table(arrow.table(columns), folder.parent / "x.parquet")
    check(dataset_from_spec(str(folder.parent / "x.parquet")))


def test_values(tmp_path):
    """Numbers to predict: of one column or several, beside labels or without."""
    (tmp_path / "x.csv").write_text("path,age,label,weight\na.jpg,31,cat,4.5\nb.jpg, 7e1 ,dog,-1\n")

    def build(**kwargs):
        return DATASETS.build(dict(type="TableDataset", ann_file=str(tmp_path / "x.csv"), **kwargs))

    both = build(value=["age", "weight"])
    assert [info["gt_value"].tolist() for info in both.data_infos] == [[31, 4.5], [70, -1]]
    assert both.get_data_info(0)["gt_value"].dtype == "float32"
    assert both.get_gt_labels().tolist() == [0, 1]
    one = build(value="age", label=None)
    assert "gt_label" not in one.get_data_info(0)
    assert one.get_data_info(1)["gt_value"].tolist() == [70]
    (tmp_path / "x.csv").write_text("path,age\na.jpg,31\n")
    assert "gt_label" not in build(value="age").get_data_info(0)
    with pytest.raises(DataError, match="no column 'label'"):
        build(value="age", keep=["label"])


@pytest.mark.parametrize(
    ("text", "kwargs", "message"),
    [
        ("path,lable\na.jpg,0\n", {}, r"no column 'label'. Did you mean 'lable'\?"),
        ("path,label\na.jpg,cat\nb.jpg,\n", {}, r"x\.csv:3: A sample has no label"),
        ("path,label\na.jpg,cat\n,cat\n", {}, r"x\.csv:3: A sample has no path"),
        ("path,label\na.jpg,cat\nb.jpg,cow\n", {"classes": ["cat"]}, r"x\.csv:3: 'cow' is not one of the 1"),
        ("path,label\na.jpg\n", {}, r"x\.csv:2: The row is too short"),
        ("path,label\na.jpg,cat\nb.jpg,1\n", {}, r"x\.csv:2: 'cat' is the name of a class, but '1' \(.*:3\)"),
        (
            "path,age\na.jpg,1\nb.jpg,old\n",
            {"value": "age"},
            r"x\.csv:3: .*'age' must be a finite number, got 'old'",
        ),
        (
            "path,age\na.jpg,\n",
            {"value": "age"},
            r"x\.csv:2: The value of 'age' must be a finite number, got ''",
        ),
        ("path,age\na.jpg,1e99\n", {"value": "age"}, r"x\.csv:2: .*finite number, got '1e99'"),
        ("path,age\na.jpg,1\n", {"value": "agee"}, r"no column 'agee'. Did you mean 'age'"),
        ("", {}, r"x\.csv: The table is empty"),
    ],
)
def test_broken_tables(tmp_path, text, kwargs, message):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        DATASETS.build(dict(type="TableDataset", ann_file=str(tmp_path / "x.csv"), **kwargs))
