from __future__ import annotations

import os
import zipfile

import numpy as np
import pytest

from mmpretrain.datasets import CustomDataset
from mmpretrain.datasets import annotations as annotations_module
from mmpretrain.errors import ConfigError, DataError, MissingFileError
from mmpretrain.registry import DATASETS


def records(dataset):
    return [(info["img_path"], info.get("gt_label")) for info in dataset.data_infos]


@pytest.fixture
def folders(tmp_path):
    for name in ("b dog/2.JPG", "b dog/1.png", "a/ü/x y.jpeg", "a/.hidden.jpg", "a/notes.txt", "top.bmp"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / "a" / "folder.jpg").mkdir()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    return tmp_path


def test_class_folders(folders):
    dataset = CustomDataset(data_prefix=str(folders))
    assert dataset.CLASSES == ("a", "b dog")
    assert dataset.folder_to_idx == {"a": 0, "b dog": 1}
    assert records(dataset) == [
        (f"{folders}/a/ü/x y.jpeg", 0),
        (f"{folders}/b dog/1.png", 1),
        (f"{folders}/b dog/2.JPG", 1),
    ]


def test_folder_without_labels(folders):
    dataset = CustomDataset(data_root=str(folders.parent), data_prefix=folders.name, with_label=False)
    names = [os.path.relpath(path, folders) for path, _ in records(dataset)]
    assert names == ["a/ü/x y.jpeg", "b dog/1.png", "b dog/2.JPG", "top.bmp"]
    assert "gt_label" not in dataset.get_data_info(0)


def test_extensions(folders):
    dataset = CustomDataset(data_prefix=str(folders), extensions=[".TXT"])
    assert records(dataset) == [(f"{folders}/a/notes.txt", 0)]


def test_empty_class_is_named(folders, caplog):
    (folders / "c").mkdir()
    dataset = CustomDataset(data_prefix=str(folders))
    assert dataset.CLASSES == ("a", "b dog", "c")
    assert "No image in these class folders: c" in caplog.text


def test_number_of_folders_must_fit(folders):
    assert CustomDataset(data_prefix=str(folders), classes=["x", "y"]).CLASSES == ("x", "y")
    with pytest.raises(DataError, match="2 folders for 3 classes"):
        CustomDataset(data_prefix=str(folders), classes=["x", "y", "z"])


def test_no_image(tmp_path):
    with pytest.raises(DataError, match="No image was found"):
        CustomDataset(data_prefix=str(tmp_path))


def test_needs_a_place():
    with pytest.raises(ConfigError, match="needs data_root"):
        CustomDataset()


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


def test_image_folder_in_an_archive(tmp_path, folders):
    import zipfile

    archive = tmp_path / "train.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("cat/1.jpg", "cat/2.jpg", "dog/3.jpg"):
            file.writestr(name, name)
    dataset = CustomDataset(data_prefix=f"zip://::{archive}")
    assert dataset.CLASSES == ("cat", "dog")
    assert records(dataset)[2] == (f"zip://dog/3.jpg::{archive}", 1)


@pytest.mark.parametrize("option", ["backend_args", "file_client_args"])
def test_storage_of_the_data_set(tmp_path, option):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("images/cat/1.jpg", b"")
        archive.writestr("images/dog/2.jpg", b"")
        archive.writestr("meta/train.txt", "dog/2.jpg 1\n")
    storage = {option: dict(backend="zip", path=str(tmp_path / "x.zip"))}
    folders = DATASETS.build(dict(type="CustomDataset", data_prefix="images", **storage))
    assert folders.CLASSES == ("cat", "dog")
    assert folders.get_data_info(0)["img_path"] == "images/cat/1.jpg"
    listed = DATASETS.build(dict(type="ImageNet", data_root="", split="train", **storage))
    assert listed.get_data_info(0) == dict(img_path="train/dog/2.jpg", gt_label=1, sample_idx=0)
    with pytest.raises(MissingFileError, match="There is no folder 'nowhere'"):
        DATASETS.build(dict(type="CustomDataset", data_prefix="nowhere", **storage))
