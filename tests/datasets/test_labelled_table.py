"""Tests of :mod:`mmpretrain.datasets.labelled_table`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmpretrain.datasets.labelled_table import read_rows
from mmpretrain.errors import DataError


def table(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text(text)
    return str(path)


def test_columns_have_any_of_the_usual_names(tmp_path):
    rows, flags = read_rows(
        table(tmp_path, "Split,Image,Category,patient\nvalid,a.png, cat ,7\n,b.png,dog,\n")
    )
    assert flags == ()
    first, second = rows
    assert first.path == str(tmp_path / "a.png")
    assert (first.label, first.group, first.part, first.line) == (("cat",), "7", "val", 2)
    assert (second.label, second.group, second.part, second.line) == (("dog",), "", "", 3)


def test_a_column_for_each_class(tmp_path):
    rows, flags = read_rows(table(tmp_path, "path,cat,dog\na.png,1,yes\nb.png,0,\n"))
    assert flags == ("cat", "dog")
    assert [row.label for row in rows] == [("cat", "dog"), ()]


@pytest.mark.parametrize(
    "text",
    [
        "d/a.png,cat\nd/b.png,dog\n",
        "path;label\nd/a.png;cat\nd/b.png;dog\n",
        "图片,类别\nd/a.png,cat\nd/b.png,dog\n",
        "nr,Picture\ncat,d/a.png\ndog,d/b.png\n",
        "path\tlabel\nd/a.png\tcat\nd/b.png\tdog\n",
        "path,label\nd\\a.png,cat\nd\\b.png,dog\n",
        "image,label\nd/a,cat\nd/b,dog\n",
        "path,label\nd/lost.png,cat\nd\\b.png,dog\n",
    ],
)
def test_tables_as_programs_write_them(tmp_path, text):
    (tmp_path / "d").mkdir()
    for name in "ab":
        (tmp_path / "d" / f"{name}.png").touch()
    rows, flags = read_rows(table(tmp_path, text))
    assert not flags
    assert [row.label for row in rows] == [("cat",), ("dog",)]
    assert rows[1].path == str(tmp_path / "d" / "b.png")


def test_objects_a_line(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"file_name": "a.png", "label": "cat"}\n\n{"label": 3, "file_name": "b.png", "x": []}\n')
    rows, _ = read_rows(str(path))
    assert [(row.label, row.line) for row in rows] == [(("cat",), 1), (("3",), 3)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,label\na,b\n", r"No column holds the paths of images.*The columns are 'x', 'label'"),
        ("path\na.png\n", "No column holds the labels"),
        ("path,label\n", "The table has no rows"),
        ("", r"t\.csv: The table is empty"),
        ("a.png,x,y\nb.png,x,z\n", "The first line does not name the columns"),
        ("path,label\n,cat\n", r"t\.csv:2.*A sample has no path"),
        ("path,label,split\na.png,cat,maybe\n", r"t\.csv:2.*'maybe' is no part of the data"),
        ("path,cat,dog\na.png,2,0\n", r"t\.csv:2.*The column 'cat' says '2', and not 0 or 1"),
    ],
)
def test_what_is_wrong_and_where(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_rows(table(tmp_path, text))


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig"])
def test_encodings_of_chinese_spreadsheets(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "训练 图片").mkdir()
    for number in range(3):
        (tmp_path / "训练 图片" / f"{number}.png").write_bytes(b"x")
    text = "图片路径,类别\n" + "".join(f"训练 图片/{i}.png,{'猫狗猫'[i]}\n" for i in range(3))
    (tmp_path / "表.csv").write_bytes(text.encode(encoding))
    rows, _ = read_rows(str(tmp_path / "表.csv"))
    assert [row.label for row in rows] == [("猫",), ("狗",), ("猫",)]
    assert all(Path(row.path).is_file() for row in rows)
