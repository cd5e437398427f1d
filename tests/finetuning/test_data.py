"""Images are looked at, left out, and split; copies in two parts are told."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from mmpretrain.datasets.labelled import read_labelled
from mmpretrain.errors import DataError
from mmpretrain.finetuning import data as module
from mmpretrain.finetuning.data import into_folds, leaks, prepare_data, with_validation
from tests.finetuning.small import write_folder


def quiet(items: Iterable[Any], description: str, total: int) -> Iterable[Any]:
    """Show no progress."""
    return items


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "data", {"a": 4, "b": 4})
    (root / "a" / "bad.png").write_text("no image")
    listing = tmp_path / "left_out.txt"
    prepared = prepare_data(read_labelled(str(root)), quiet, str(listing))
    assert [Path(name).name for name in prepared.bad] == ["bad.png"]
    assert "bad.png" in listing.read_text()
    assert len(prepared.parts["train"]) == len(prepared.prints["train"]) == 8
    assert prepared.facts.counts == (4, 4)
    assert prepared.facts.edge == 32


def test_nothing_can_be_read(tmp_path: Path) -> None:
    table = tmp_path / "x.csv"
    table.write_text("path,label\ngone.png,a\nlost.png,b\n")
    with pytest.raises(
        DataError, match=r"none of the 2 images of train can be read, the first because.*gone"
    ):
        prepare_data(read_labelled(str(table)), quiet)


def test_copies_in_two_parts_are_told(tmp_path: Path) -> None:
    write_folder(tmp_path / "train", {"a": 4, "b": 4})
    write_folder(tmp_path / "val", {"a": 2})
    prepared = prepare_data(read_labelled(str(tmp_path)), quiet)
    (sentence,) = leaks(prepared)
    assert sentence.startswith("2 of 2 images of val are copies")
    parts, notes = with_validation(prepared, 0.2, 0)
    assert len(parts["val"]) == 2
    assert notes == [sentence]


def test_many_that_cannot_be_read_are_listed_and_not_all_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = write_folder(tmp_path / "data", {"a": 4, "b": 4})
    for number in range(30):
        (root / "a" / f"bad {number}.png").write_text("no image")
    listing = tmp_path / "left_out.txt"
    prepared = prepare_data(read_labelled(str(root)), quiet, str(listing))
    assert len(prepared.bad) == len(listing.read_text().splitlines()) == 30
    assert caplog.text.count("Left out") == 10
    assert prepared.notes[0].startswith("20 more images cannot be read")


def test_copies_with_another_label_are_told(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "data", {"a": 6, "b": 6})
    shutil.copy(root / "a" / "图 0.png", root / "b" / "copy.png")
    _, notes = with_validation(prepare_data(read_labelled(str(root)), quiet), 0.2, 0)
    assert notes[1].startswith("1 images are copies or near-duplicates of images with another label")
    assert "copy.png ('b')" in notes[1]


def test_why_no_image_can_be_held_out(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "one", {"a": 1, "b": 1, "c": 1})
    with pytest.raises(DataError, match=r"a class of its own[\s\S]*--task regression"):
        with_validation(prepare_data(read_labelled(str(root)), quiet), 0.2, 0)
    root = write_folder(tmp_path / "same", {"a": 1, "b": 1})
    for number in range(4):
        for name in "ab":
            shutil.copy(root / "a" / "图 0.png", root / name / f"{number}.png")
    (root / "b" / "图 0.png").unlink(missing_ok=True)
    with pytest.raises(DataError, match="copies of each other or belong together"):
        with_validation(prepare_data(read_labelled(str(root)), quiet), 0.2, 0)


def test_too_few_images(tmp_path: Path) -> None:
    prepared = prepare_data(read_labelled(str(write_folder(tmp_path / "data", {"a": 1, "b": 1}))), quiet)
    with pytest.raises(DataError, match="too few to hold some out"):
        with_validation(prepared, 0.2, 0)
    with pytest.raises(DataError, match="too few for 5 folds"):
        into_folds(prepared, 5, 0)


def test_of_very_many_images_a_sample_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 10)
    monkeypatch.setattr(module, "SAMPLE", 6)
    root = write_folder(tmp_path / "data", {"a": 20, "b": 20})
    prepared = prepare_data(read_labelled(str(root)), quiet)
    assert len(prepared.prints["train"]) == 6
    assert len(prepared.parts["train"]) == 40
    assert "near-duplicates were not searched" in prepared.notes[0]
    parts, _ = with_validation(prepared, 0.25, 0)
    assert len(parts["val"]) == 10
