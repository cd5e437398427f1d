"""Images in class folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmpretrain.datasets.labelled import read_labelled
from mmpretrain.datasets.labelled_folder import read_class_folders
from mmpretrain.errors import DataError


def touch(root: Path, *names: str) -> str:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return str(root)


def test_arrays_count_where_there_are_no_pictures(tmp_path: Path) -> None:
    root = touch(tmp_path / "arrays", "a/1.npy", "a/deep/2.NPY", "b/3.npz", "c/4.txt", "c/.hidden/5.npy")
    names, labels, classes = read_class_folders(root)
    assert [Path(name).name for name in names] == ["1.npy", "2.NPY", "3.npz"]
    assert labels == ((0,), (0,), (1,))
    assert classes == ("a", "b")
    root = touch(tmp_path / "beside", "a/1.npy", "a/2.jpg", "b/3.gif", "b/4.dcm")
    assert [Path(name).name for name in read_class_folders(root)[0]] == ["2.jpg", "3.gif"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("x.npy",), "holds images, but no folders of classes"),
        (("x.npy", "labels.csv"), r"There is a table beside them: --data .*labels\.csv"),
        (("val/1.npy", "test/1.npy"), "called test and val, like parts of a data set"),
        (("a/1.txt",), r"No image was found .* Names of images end with .*\.npy"),
    ],
)
def test_no_classes(tmp_path: Path, names: tuple[str, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_class_folders(touch(tmp_path / "data", *names))


def test_tables_of_arrays(tmp_path: Path) -> None:
    for number in range(4):
        np.save(tmp_path / f"{number}.npy", np.zeros((4, 4)))
    (tmp_path / "list.csv").write_text("where,kind\n0.npy,a\n1.npy,b\n2.npy,a\n3.npy,b\n")
    train = read_labelled(str(tmp_path / "list.csv")).train
    assert [Path(name).name for name in train.names] == [f"{number}.npy" for number in range(4)]
    assert train.classes == ("a", "b")
