"""Lists of samples, and data sets that read them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mmpretrain.config import Config
from mmpretrain.datasets.labelled import Labelled
from mmpretrain.errors import DataError
from mmpretrain.finetuning.lists import write_lists
from mmpretrain.registry import DATASETS


def read(folder: Path, dataset: dict) -> list[tuple[str, object]]:
    """Write a config beside the lists, and read the samples by it."""
    path = folder / "config.py"
    Config({"dataset": dataset}).dump(path)
    moved = folder.rename(folder.with_name("moved"))
    built = DATASETS.build(Config.fromfile(moved / "config.py").dataset)
    infos = [built.get_data_info(index) for index in range(len(built))]
    return [(info["img_path"], info.get("gt_label", info.get("gt_value"))) for info in infos]


def test_one_label(tmp_path: Path) -> None:
    names = tuple(str(tmp_path / "photos" / name) for name in ("a, b/图 1.png", 'c "d"/2.png'))
    part = Labelled(names, ((1,), (0,)), ("c, d", "é"))
    configs = write_lists({"train": part}, tmp_path / "plan")
    assert read(tmp_path / "plan", configs["train"]) == [(names[0], 1), (names[1], 0)]
    assert (tmp_path / "moved" / "train.csv").read_text().splitlines()[0] == "path,label"


def test_name_in_another_encoding(tmp_path: Path) -> None:
    part = Labelled((os.fsdecode(b"/x/\xff.png"), "/x/b.png"), ((0,), (1,)), ("a", "b"))
    with pytest.raises(DataError, match=r"not UTF-8: '\\udcff\.png,a'"):
        write_lists({"train": part}, tmp_path / "plan")


def test_several_labels(tmp_path: Path) -> None:
    names = (str(tmp_path / "a.png"), str(tmp_path / "b" / "c.png"))
    part = Labelled(names, ((0, 1), ()), ("x", "y"), "multi")
    configs = write_lists({"val": part}, tmp_path / "plan")
    assert read(tmp_path / "plan", configs["val"]) == [(names[0], [0, 1]), (names[1], [])]


def test_numbers(tmp_path: Path) -> None:
    names = (str(tmp_path / "a.png"), str(tmp_path / "b.png"))
    part = Labelled(names, ((0,), (1,)), (), "regression", values=(1.5, -2.0))
    configs = write_lists({"train": part}, tmp_path / "plan")
    found = read(tmp_path / "plan", configs["train"])
    assert [path for path, _ in found] == list(names)
    assert [float(value[0]) for _, value in found] == [1.5, -2.0]  # type: ignore[index]


def test_numbers_of_samples(tmp_path: Path) -> None:
    config = {"type": "Digits", "split": "val"}
    part = Labelled(("a", "b", "c"), ((0,), (1,), (2,)), tuple("0123456789"), config=config).take([2, 0])
    configs = write_lists({"train": part}, tmp_path / "plan")
    assert (tmp_path / "plan" / "train.txt").read_text() == "2\n0\n"
    assert configs["train"]["indices"] == "{{ fileDirname }}/train.txt"
