"""Fingerprints of the images of data sets."""

from __future__ import annotations

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmpretrain.datasets import CustomDataset, Digits
from mmpretrain.datasets.fingerprints import Fingerprints, fingerprints_of, thumbnail
from tests.datasets.fingerprint_cases import picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of several kinds, one of which is damaged."""
    root = tmp_path / "photos" / "一 类"
    root.mkdir(parents=True)
    cv2.imwrite(str(root / "a.jpg"), picture(0, 300))
    (root / "b.jpg").write_bytes((root / "a.jpg").read_bytes())
    (root / "c.jpg").write_bytes((root / "a.jpg").read_bytes()[:900])
    cv2.imwrite(str(root / "d.png"), picture(0, 300))
    return tmp_path / "photos"


def test_files(folder: Path) -> None:
    prints = fingerprints_of(CustomDataset(data_prefix=str(folder)))
    assert len(prints) == 4
    assert list(prints.errors) == [2]
    assert "damaged" in str(prints.errors[2])
    assert (prints.contents[0] == prints.contents[1]).all()
    assert (prints.contents[0] != prints.contents[3]).any()
    assert not prints.contents[2].any()
    assert prints.shapes.tolist() == [[300, 300], [300, 300], [0, 0], [300, 300]]
    # The JPEG was decoded at half its size.
    assert np.abs(prints.thumbs[0].astype(int) - prints.thumbs[3]).max() <= 3
    assert np.abs(prints.tints[0] - prints.tints[3]).max() < 1


def test_zip_and_memory(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(folder / "一 类" / "a.jpg", "photos/c/a.jpg")
    zipped = fingerprints_of(CustomDataset(data_prefix=f"zip://photos::{tmp_path / 'x.zip'}"))
    plain = fingerprints_of(CustomDataset(data_prefix=str(folder)))
    assert (zipped.contents[0] == plain.contents[0]).all()
    digits = fingerprints_of(Digits(split="val"))
    assert len(np.unique(digits.contents, axis=0)) == len(digits) == 355
    assert not digits.tints.any()


def test_orientation_of_a_camera(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    image = Image.fromarray(picture(1)[:60, :, ::-1])
    image.save(tmp_path / "c" / "upright.jpg", quality=95)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    image.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "c" / "turned.jpg", quality=95, exif=exif)
    prints = fingerprints_of(CustomDataset(data_prefix=str(tmp_path)))
    assert np.abs(prints.thumbs[0].astype(int) - prints.thumbs[1]).max() <= 3
    assert prints.shapes.tolist() == [[60, 96], [60, 96]]


def test_progress_is_watched(folder: Path) -> None:
    seen = []
    fingerprints_of(
        CustomDataset(data_prefix=str(folder)), watch=lambda items: (seen.append(x) or x for x in items)
    )
    assert len(seen) == 4


def test_take_and_join(folder: Path) -> None:
    prints = fingerprints_of(CustomDataset(data_prefix=str(folder)))
    part = prints.take([2, 3])
    assert list(part.errors) == [0]
    whole = Fingerprints.join(prints, part)
    assert len(whole) == 6
    assert sorted(whole.errors) == [2, 4]
    assert (whole.thumbs[5] == prints.thumbs[3]).all()


@pytest.mark.parametrize("shape", [(5, 7), (40, 30), (40, 30, 3), (40, 30, 4), (40, 30, 7), (1, 1, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_thumbnail_of_any_array(shape: tuple[int, ...], dtype: type) -> None:
    thumb, tint = thumbnail((np.random.default_rng(0).random(shape) * 250).astype(dtype))
    assert thumb.shape == (16, 16)
    assert thumb.dtype == np.uint8
    assert np.isfinite(tint).all()
