from __future__ import annotations

import os
import zipfile

import pytest

from mmpretrain.datasets import CustomDataset, dataset_from_spec
from mmpretrain.errors import ConfigError, DataError, MissingFileError
from mmpretrain.registry import DATASETS
from tests.datasets.container_cases import check, encoded
from tests.datasets.folder_cases import records


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


def test_folder(folder):
    check(dataset_from_spec(str(folder)))


def test_validation_may_lack_a_class(folder):
    val = folder.parent / "val"
    (val / "dog").mkdir(parents=True)
    (val / "dog" / "1.png").write_bytes(encoded(1))
    dataset = DATASETS.build(dict(type="CustomDataset", data_prefix=str(val), classes=["cat", "dog"]))
    assert dataset.get_gt_labels().tolist() == [1]


def test_arrays_where_there_are_no_images(tmp_path):
    """Beside images, a .npy may be anything, such as features of them."""
    for name in ("a/1.npy", "a/2.dcm", "b/1.NPZ", "b/labels.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert [label for _, label in records(CustomDataset(data_prefix=str(tmp_path)))] == [0, 0, 1]
    assert len(CustomDataset(data_prefix=str(tmp_path), with_label=False)) == 3
    (tmp_path / "b" / "1.png").touch()
    assert records(CustomDataset(data_prefix=str(tmp_path))) == [(f"{tmp_path}/b/1.png", 1)]
    with pytest.raises(DataError, match="No image was found"):
        CustomDataset(data_prefix=str(tmp_path), extensions=[".bmp"])
