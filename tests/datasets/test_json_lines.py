"""Tests of :mod:`mmpretrain.datasets.json_lines`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmpretrain.datasets.json_lines import read_json_lines
from mmpretrain.datasets.table import TableDataset
from mmpretrain.errors import DataError


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "x.jsonl"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_columns_and_lines(tmp_path: Path) -> None:
    columns, lines = read_json_lines(written(tmp_path, '{"a": 1}\n\n{"b": "猫", "a": null}'))
    assert columns == {"a": [1, None], "b": [None, "猫"]}
    assert list(lines) == [1, 3]


def test_a_data_set(tmp_path: Path) -> None:
    path = written(tmp_path, '{"path": "a.png", "label": "cat"}\n{"path": "b.png", "label": "dog"}\n')
    data = TableDataset(path, data_prefix="x")
    assert data.CLASSES == ["cat", "dog"] or data.CLASSES == ("cat", "dog")
    assert data.get_data_info(1)["img_path"] == "x/b.png"
    assert data.get_data_info(1)["gt_label"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]\n", r"x\.jsonl:1.*not a JSON object|not a JSON object.*"),
        ('{"a": 1}\n{"a"\n', r"not readable JSON"),
        ("{}\n" * 5000 + "{" + ",".join(f'"{i}":1' for i in range(5000)) + "}", "few keys in common"),
    ],
)
def test_what_is_no_table(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_json_lines(written(tmp_path, text))
