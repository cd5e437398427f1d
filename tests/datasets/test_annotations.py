"""Tests of :mod:`mmpretrain.datasets.annotations`."""

from __future__ import annotations

import os

import numpy as np
import pytest

from mmpretrain.datasets import CustomDataset
from mmpretrain.datasets import annotations as annotations_module
from mmpretrain.datasets.annotations import read_annotations
from mmpretrain.errors import DataError
from tests.datasets.folder_cases import records

FORMS = {
    "plain": (b"a.jpg 0\nb/c.jpg 12\n", [("a.jpg", 0), ("b/c.jpg", 12)]),
    "no last line end": (b"a.jpg 0\nb.jpg 1", [("a.jpg", 0), ("b.jpg", 1)]),
    "byte order mark, CRLF": ("\ufeffä.jpg 3\r\nb.jpg 1\r\n".encode(), [("ä.jpg", 3), ("b.jpg", 1)]),
    "spaces in names": (b"my cat 2.jpg 0\n", [("my cat 2.jpg", 0)]),
    "tab": (b"my cat.jpg\t7\n", [("my cat.jpg", 7)]),
    "several blanks": (b"  a.jpg   5  \n", [("a.jpg", 5)]),
    "empty lines": (b"\n a.jpg 1\n\n\r\n", [("a.jpg", 1)]),
    "negative": (b"a.jpg -1\nb.jpg +2\n", [("a.jpg", -1), ("b.jpg", 2)]),
    "large": (b"a.jpg 4000000000\n", [("a.jpg", 4000000000)]),
    "empty": (b"", []),
    "only blanks": (b" \n\n", []),
}


@pytest.mark.parametrize(("content", "expected"), FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("block", [1, 16, 1 << 22])
def test_annotation_file(tmp_path, content, expected, block, monkeypatch):
    monkeypatch.setattr(annotations_module, "BLOCK", block)
    (tmp_path / "list.txt").write_bytes(content)
    dataset = CustomDataset(data_root=str(tmp_path), data_prefix="images", ann_file="list.txt")
    assert records(dataset) == [(f"{tmp_path}/images/{name}", label) for name, label in expected]


def test_annotation_file_without_labels(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"a b.jpg\r\nc.jpg 1\n")
    dataset = CustomDataset(data_root=str(tmp_path), ann_file="list.txt", with_label=False)
    assert records(dataset) == [(f"{tmp_path}/a b.jpg", None), (f"{tmp_path}/c.jpg 1", None)]


def test_absolute_and_undecodable_names(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"/data/a.jpg 0\nb\xff.jpg 1\n")
    dataset = CustomDataset(data_prefix="/images", ann_file=str(tmp_path / "list.txt"))
    assert records(dataset) == [("/data/a.jpg", 0), ("/images/b\udcff.jpg", 1)]
    assert os.fsencode(dataset.get_data_info(1)["img_path"]) == b"/images/b\xff.jpg"


@pytest.mark.parametrize("line", [b"a.jpg cat", b"a.jpg", b"7", b"a.jpg 1.5"])
def test_malformed_line_is_located(tmp_path, line):
    (tmp_path / "list.txt").write_bytes(b"a.jpg 0\n\n" + line + b"\nb.jpg 1\n")
    with pytest.raises(DataError, match=r"list\.txt:3: .*class index") as caught:
        CustomDataset(data_root=str(tmp_path), ann_file="list.txt")
    assert line.decode() in str(caught.value)


def test_utf16_is_named(tmp_path):
    (tmp_path / "list.txt").write_bytes("a.jpg 0\n".encode("utf-16"))
    with pytest.raises(DataError, match="UTF-16"):
        CustomDataset(data_root=str(tmp_path), ann_file="list.txt")


def test_parsing_in_bulk_equals_parsing_line_by_line(tmp_path):
    rng = np.random.default_rng(0)
    lines = []
    for _ in range(2000):
        name = "".join(rng.choice(list("ab é/._ 7"), rng.integers(1, 30))).strip(" /") or "x"
        lines.append(f"{name} {rng.integers(0, 10 ** rng.integers(1, 9))}")
    (tmp_path / "list.txt").write_text("\n".join(lines), encoding="utf-8")
    dataset = CustomDataset(data_prefix="p", ann_file=str(tmp_path / "list.txt"))
    expected = [line.strip().rsplit(" ", 1) for line in lines]
    assert records(dataset) == [(f"p/{name}", int(label)) for name, label in expected]


def test_a_list_in_gb18030(tmp_path) -> None:
    """Names are those of the files: in UTF-8 as a rule, else the bytes that the list has."""
    (tmp_path / "训练 一.png").write_bytes(b"x")
    (tmp_path / "list.txt").write_bytes("训练 一.png 3\nb.png 4\n".encode("gb18030"))
    table = read_annotations(str(tmp_path / "list.txt"), str(tmp_path))
    assert table[0] == {"img_path": str(tmp_path / "训练 一.png"), "gt_label": 3}
    other = tmp_path / "old"
    other.mkdir()
    name = "训练 一.png".encode("gb18030")
    (other / "list.txt").write_bytes(name + b" 3\n")
    try:
        open(os.path.join(os.fsencode(other), name), "wb").close()
    except OSError:
        pytest.skip("the file system takes UTF-8 only")
    path = read_annotations(str(other / "list.txt"), str(other))[0]["img_path"]
    assert os.path.exists(path)
