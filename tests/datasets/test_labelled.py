"""Labelled images are read from whatever describes them, odd files included."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import cv2
import pytest
from PIL import Image

from mmpretrain.datasets.fingerprints import fingerprints_of
from mmpretrain.datasets.labelled import Labelled, read_labelled
from mmpretrain.errors import DataError, MissingFileError
from tests.datasets.fingerprint_cases import picture


def write(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(seed, 24)).save(path)
    return path


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder as users have it."""
    root = tmp_path / "my data"
    for i in range(3):
        write(root / "red shoes" / f"photo {i}.png", i)
        write(root / "猫" / "里面" / f"图片 {i}.jpg", 10 + i)
    write(root / "single" / "one.gif", 20)
    (root / "empty").mkdir()
    (root / ".ipynb_checkpoints").mkdir()
    write(root / ".ipynb_checkpoints" / "x.png")
    write(root / "猫" / "._图片.jpg")
    (root / ".DS_Store").write_bytes(b"\0")
    (root / "猫" / ".DS_Store").write_bytes(b"\0")
    (root / "notes.txt").write_text("hello")
    Image.new("RGBA", (9, 9)).save(root / "red shoes" / "clear.png")
    (root / "red shoes" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no image")
    os.symlink(root / "red shoes" / "photo 0.png", root / "red shoes" / "link.png")
    os.symlink(root, root / "猫" / "circle")
    return root


def of(part: Labelled, label: int) -> list[str]:
    return [Path(name).name for name, several in zip(part.names, part.labels) if label in several]


def test_a_folder_as_users_have_it(odd: Path, caplog: pytest.LogCaptureFixture) -> None:
    parts = read_labelled(str(odd))
    train = parts.train
    assert parts.val is parts.test is None
    assert train.classes == ("red shoes", "single", "猫")
    assert of(train, 0) == [
        "broken.jpg", "clear.png", "link.png", "photo 0.png", "photo 1.png", "photo 2.png",
    ]  # fmt: skip
    assert of(train, 1) == ["one.gif"]
    assert of(train, 2) == [f"图片 {i}.jpg" for i in range(3)]
    assert train.config is None
    assert "empty" in caplog.text
    prints = fingerprints_of(train.build())
    assert [Path(train.names[index]).name for index in prints.errors] == ["broken.jpg"]


def test_parts_of_a_folder(tmp_path: Path) -> None:
    for part in ("train", "validation", "test"):
        for name in ("a", "b") if part == "train" else ("b",):
            write(tmp_path / part / name / "1.png")
    parts = read_labelled(str(tmp_path))
    assert parts.val is not None
    assert parts.test is not None
    assert parts.val.labels == parts.test.labels == ((1,),)
    assert list(parts.named()) == ["train", "val", "test"]


@pytest.mark.parametrize(
    "names", [("Train", "Val"), ("training_set", "dev"), ("train2017", "val2017"), ("训练集", "验证集")]
)
def test_parts_of_any_usual_name(tmp_path: Path, names: tuple[str, str]) -> None:
    for part in names:
        for name in ("a", "b"):
            write(tmp_path / part / name / "1.png")
    parts = read_labelled(str(tmp_path))
    assert parts.train.classes == ("a", "b")
    assert list(parts.named()) == ["train", "val"]


def test_parts_that_are_listed(tmp_path: Path) -> None:
    for part in ("train", "test"):
        write(tmp_path / part / "1.png")
        write(tmp_path / part / "2.png")
        table(tmp_path / part / "metadata.csv", "file_name,label", "1.png,cat", "2.png,dog")
    parts = read_labelled(str(tmp_path))
    assert list(parts.named()) == ["train", "test"]
    assert parts.train.classes == ("cat", "dog")
    assert parts.train.names == (str(tmp_path / "train" / "1.png"), str(tmp_path / "train" / "2.png"))


def test_columns_that_exclude_each_other_are_classes(tmp_path: Path) -> None:
    spec = table(tmp_path / "x.csv", "path,cat,dog", "a.jpg,1,0", "b.jpg,0,1", "c.jpg,0,1")
    train = read_labelled(spec).train
    assert (train.task, train.classes, train.labels) == ("single", ("cat", "dog"), ((0,), (1,), (1,)))
    assert read_labelled(spec, "multi").train.task == "multi"


def test_rows_of_one_image(tmp_path: Path) -> None:
    spec = table(tmp_path / "x.csv", "path,label", "a.jpg,cat", "a.jpg,dog", "b.jpg,dog")
    with pytest.raises(DataError, match=r"a\.jpg has the label 'dog' here, and 'cat' in line 2"):
        read_labelled(spec)
    train = read_labelled(spec, "multi").train
    assert (train.classes, train.labels) == (("cat", "dog"), ((0, 1), (1,)))
    assert len(read_labelled(spec, "single").train) == 3


def test_a_test_set_is_not_taken_for_validation(tmp_path: Path) -> None:
    for part in ("train", "test"):
        for name in ("a", "b"):
            write(tmp_path / part / name / "1.png")
    parts = read_labelled(str(tmp_path))
    assert parts.val is None
    assert parts.test is not None
    chosen = read_labelled(str(tmp_path / "train"), val=str(tmp_path / "test"))
    assert chosen.val is not None
    assert len(chosen.val) == 2


def test_unknown_class_in_validation(tmp_path: Path) -> None:
    for name in ("train/cat", "train/dog", "val/cats"):
        write(tmp_path / name / "1.png")
    with pytest.raises(DataError, match=r"val has the class 'cats', and training does not.*\n?.*'cat'"):
        read_labelled(str(tmp_path))


def table(path: Path, *lines: str) -> str:
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def test_table_with_groups_and_parts(tmp_path: Path) -> None:
    spec = table(
        tmp_path / "x.csv", "Image,Class,patient_id,split", "a b.jpg,cat,p1,train", "c.jpg,dog,p1,",
        "d.jpg,dog,p2,val", "e.jpg,cat,,test",
    )  # fmt: skip
    parts = read_labelled(spec)
    assert parts.train.names == (str(tmp_path / "a b.jpg"), str(tmp_path / "c.jpg"))
    assert parts.train.classes == ("cat", "dog")
    assert parts.train.groups == ("p1", "p1")
    assert parts.val is not None
    assert parts.val.labels == ((1,),)
    assert parts.test is not None
    assert parts.test.groups == ("",)


def test_numbers_that_do_not_occur_are_no_classes(tmp_path: Path) -> None:
    train = read_labelled(table(tmp_path / "x.tsv", "path\tlabel", "a.jpg\t7", "b.jpg\t2", "c.jpg\t7")).train
    assert train.classes == ("2", "7")
    assert train.labels == ((1,), (0,), (1,))


@pytest.mark.parametrize(
    "lines",
    [
        ("path,label", "a.jpg,cat;dog", "b.jpg,", "c.jpg, dog "),
        ("path,tags", "a.jpg,dog|cat", "b.jpg,", "c.jpg,dog"),
        ("path,cat,dog", "a.jpg,1,1.0", "b.jpg,0,", "c.jpg,no,yes"),
    ],
)
def test_several_labels(tmp_path: Path, lines: tuple[str, ...]) -> None:
    train = read_labelled(table(tmp_path / "x.csv", *lines)).train
    assert train.task == "multi"
    assert train.classes == ("cat", "dog")
    assert train.labels == ((0, 1), (), (1,))


def test_the_task_can_be_given(tmp_path: Path) -> None:
    spec = table(tmp_path / "x.csv", "path,label", "a.jpg,cat", "b.jpg,dog")
    assert read_labelled(spec).train.task == "single"
    assert read_labelled(spec, "multi").train.task == "multi"
    spec = table(tmp_path / "x.csv", "path,label", "a.jpg,cat;brown", "b.jpg,dog")
    assert read_labelled(spec, "single").train.classes == ("cat;brown", "dog")
    for name in ("a", "b"):
        write(tmp_path / "folder" / name / "1.png")
    assert read_labelled(str(tmp_path / "folder"), "multi").train.task == "multi"


def test_annotation_file_with_several_labels(tmp_path: Path) -> None:
    items = [{"img_path": "a.jpg", "gt_label": [0, 2]}, {"img_path": "b.jpg", "gt_label": []}]
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"metainfo": {"classes": ["r", "s", "t"]}, "data_list": items}))
    train = read_labelled(str(path)).train
    assert train.task == "multi"
    assert train.labels == ((0, 2), ())
    assert train.classes == ("r", "s", "t")


def test_numbers(tmp_path: Path) -> None:
    lines = [f"{i}.jpg,{i / 4},{'val' if i == 3 else ''}" for i in range(40)]
    parts = read_labelled(table(tmp_path / "x.csv", "path,value,split", *lines))
    assert parts.train.task == "regression"
    assert parts.train.values[:4] == (0, 0.25, 0.5, 1)
    assert parts.val is not None
    assert parts.val.values == (0.75,)
    assert parts.train.classes == ()
    assert {label for (label,) in parts.train.labels} == set(range(10))
    assert parts.train.take([5]).values == (parts.train.values[5],)
    whole = table(tmp_path / "y.csv", "path,label", "a.jpg,1", "b.jpg,3")
    assert read_labelled(whole).train.task == "single"
    assert read_labelled(whole, "regression").train.values == (1, 3)
    with pytest.raises(DataError, match="same value"):
        read_labelled(table(tmp_path / "z.csv", "path,label", "a.jpg,1.5", "b.jpg,1.5"))
    with pytest.raises(DataError, match=r"y.csv:3.*finite number|finite number.*y.csv:3"):
        read_labelled(table(tmp_path / "y.csv", "path,label", "a.jpg,1", "b.jpg,cat"), "regression")


def test_classes_with_an_order(tmp_path: Path) -> None:
    for name in ("grade 10", "grade 9", "grade 1"):
        write(tmp_path / name / "x.png")
    train = read_labelled(str(tmp_path), "ordinal").train
    assert train.classes == ("grade 1", "grade 9", "grade 10")
    assert [train.classes[some[0]] in name for some, name in zip(train.labels, train.names)] == [True] * 3
    assert read_labelled(str(tmp_path), "regression").train.values == (1, 10, 9)
    write(tmp_path / "unknown" / "x.png")
    with pytest.raises(DataError, match="have no order"):
        read_labelled(str(tmp_path), "ordinal")


def test_list(tmp_path: Path) -> None:
    train = read_labelled(table(tmp_path / "x.txt", "a b.jpg 1", "c.jpg 0")).train
    assert train.names == (str(tmp_path / "a b.jpg"), str(tmp_path / "c.jpg"))
    assert train.labels == ((1,), (0,))
    assert train.classes == ("0", "1")


def test_images_without_files_of_their_own(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in ("a", "b"):
            for i in range(2):
                archive.writestr(f"x/{name}/{i}.png", cv2.imencode(".png", picture(i))[1].tobytes())
    train = read_labelled(str(tmp_path / "x.zip")).train
    assert train.config is not None
    some = train.take([3, 0]).take([0])
    assert some.indices == (3,)
    assert some.labels == ((1,),)
    assert len(fingerprints_of(some.build())) == 1
    assert not fingerprints_of(train.build()).errors


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("label", "cat"), "No column holds the paths"),
        (("path", "a.jpg"), "No column holds the labels"),
        (("path,label",), "no rows"),
        (("path,label", "a.jpg,cat", ",dog"), r"has no path.*x.csv:3|x.csv:3.*has no path"),
        (("path,label", "a.jpg,", "b.jpg,dog"), r"x.csv:2"),
        (("path,label,split", "a.jpg,cat,trian"), "'trian' is no part"),
        (("path,cat,name", "a.jpg,1,Tom"), "'name' says"),
        (("path,label", "a.jpg,cat", "b.jpg,cat"), "1 class .'cat'.: nothing can be told apart"),
        (("path,label,split", "a.jpg,cat,val", "b.jpg,dog,val"), "no row is for training"),
        (("path,label", "a.jpg,-1", "b.jpg,2"), "-1 is no label"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path: Path, lines: tuple[str, ...], words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_labelled(table(tmp_path / "x.csv", *lines))


def test_what_is_wrong_with_a_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no data"):
        read_labelled(str(tmp_path / "x"))
    with pytest.raises(DataError, match="No image was found"):
        read_labelled(str(tmp_path))
    write(tmp_path / "1.png")
    with pytest.raises(DataError, match="no folders of classes"):
        read_labelled(str(tmp_path))
    write(tmp_path / "images" / "1.png")
    with pytest.raises(DataError, match=r"1 class \('images'\)"):
        read_labelled(str(tmp_path))
    write(tmp_path / "flat" / "1.png")
    table(tmp_path / "flat" / "labels.csv", "path,label", "1.png,cat")
    with pytest.raises(DataError, match=r"There is a table beside them: --data .*labels\.csv"):
        read_labelled(str(tmp_path / "flat"))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("images/train/a", "images/train/b"), "1 class .'images'."),
        (("set/cat", "set/dog"), r"It has the folders cat, dog inside: --data .*set"),
        (("val/cat", "test/cat"), "called test and val, like parts of a data set"),
    ],
)
def test_folders_on_another_level(tmp_path: Path, names: tuple[str, ...], message: str) -> None:
    for name in names:
        write(tmp_path / name / "1.png")
    with pytest.raises(DataError, match=message):
        read_labelled(str(tmp_path))
