"""Tests of :mod:`mmpretrain.datasets.places`."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmpretrain.datasets import ConcatDataset, CustomDataset, RepeatDataset
from mmpretrain.datasets.places import image_paths, leaves, loader_of, place_of, root_of, source_of_samples


@pytest.fixture
def listed(tmp_path):
    """Three images and the file that lists them."""
    for number in range(3):
        Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(tmp_path / f"{number}.png")
    (tmp_path / "all.txt").write_text("0.png 0\n1.png 1\n2.png 0\n")
    return CustomDataset(
        data_root=str(tmp_path), ann_file="all.txt", pipeline=[dict(type="LoadImageFromFile")]
    )


def test_a_sample_is_found_through_wrappers(listed, tmp_path):
    whole = RepeatDataset(ConcatDataset([listed, listed]), 2)
    assert root_of(whole, 10) == (listed, 1)
    assert place_of(whole, 10) == f"{tmp_path / 'all.txt'}:2"
    assert leaves(whole) == [listed, listed]
    assert source_of_samples(listed) == str(tmp_path / "all.txt")


def test_without_a_list_the_place_is_the_image(tmp_path):
    (tmp_path / "cat").mkdir()
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(tmp_path / "cat" / "a.png")
    folders = CustomDataset(data_root=str(tmp_path))
    assert place_of(folders, 0) == str(tmp_path / "cat" / "a.png")


def test_images_that_are_files_of_their_own(listed, tmp_path):
    assert list(image_paths(listed)) == [(i, str(tmp_path / f"{i}.png")) for i in range(3)]
    assert loader_of(listed) is listed.pipeline.transforms[0]
    remote = [dict(type="LoadImageFromFile", backend_args=dict(backend="s3"))]
    elsewhere = CustomDataset(data_root=str(tmp_path), ann_file="all.txt", pipeline=remote)
    assert list(image_paths(elsewhere)) == []
    assert loader_of([1, 2]) is None
