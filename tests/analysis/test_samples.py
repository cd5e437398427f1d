"""Samples as pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from mmpretrain.analysis.samples import enlarge, follow, load_image, tile, to_rgb
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import DATASETS


@pytest.fixture
def dataset(tmp_path):
    """Two classes of two-coloured images: the left half red, the right half blue."""
    array = np.zeros((40, 60, 3), np.uint8)
    array[:, :30, 0] = array[:, 30:, 2] = 255
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.fromarray(array).save(tmp_path / name / "1.png")

    def build(*steps, **options):
        pipeline = [dict(type="LoadImageFromFile"), *steps, dict(type="PackInputs")]
        return DATASETS.build(
            dict(type="CustomDataset", data_prefix=str(tmp_path), pipeline=pipeline, **options)
        )

    return build


def test_steps_are_kept_in_their_order(dataset):
    data = dataset(
        dict(type="RandomFlip", prob=1.0),
        dict(type="RandomFlip", prob=0.0),
        dict(type="CenterCrop", crop_size=20),
    )
    sample = follow(data, 1)
    assert [step.name for step in sample.steps] == ["original", "RandomFlip", "CenterCrop"]
    original, flipped, cropped = (step.images[0] for step in sample.steps)
    assert original.shape == (40, 60, 3)
    assert original[0, 0].tolist() == flipped[0, -1].tolist() == [255, 0, 0]
    assert (flipped == original[:, ::-1]).all()
    assert (cropped == flipped[10:30, 20:40]).all()
    assert sample.data_sample.gt_label.tolist() == [1]
    assert sample.name.endswith("1.png")


def test_draws_depend_on_seed_and_sample(dataset):
    data = dataset(dict(type="RandomResizedCrop", scale=16))
    last = [follow(data, index, seed).steps[-1].images[0] for index, seed in ((0, 0), (0, 0), (0, 1), (1, 0))]
    assert (last[0] == last[1]).all()
    assert not (last[0] == last[2]).all() or not (last[0] == last[3]).all()


def test_several_views_and_wrappers(dataset):
    views = dict(type="MultiView", num_views=2, transforms=[[dict(type="Resize", scale=8)]])
    data = DATASETS.build(dict(type="RepeatDataset", dataset=dataset(views), times=2))
    sample = follow(data, 3)
    assert [image.shape for image in sample.steps[-1].images] == [(8, 8, 3)] * 2
    assert load_image(data, 3)[0, 0].tolist() == [255, 0, 0]


def test_images_that_cannot_be_read(dataset, tmp_path):
    data = dataset()
    (tmp_path / "a" / "1.png").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"1\.png"):
        follow(data, 0)


def test_arrays_of_all_kinds():
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert (to_rgb(grey)[..., 1] == grey).all()
    bgr = np.stack([np.full((2, 2), value, np.uint8) for value in (1, 2, 3)], axis=2)
    assert to_rgb(bgr)[0, 0].tolist() == [3, 2, 1]
    assert to_rgb(torch.from_numpy(bgr).permute(2, 0, 1))[0, 0].tolist() == [3, 2, 1]
    assert to_rgb(torch.tensor([[[-1.0, 1.0]]])).tolist() == [[[0, 0, 0], [255, 255, 255]]]
    assert to_rgb(np.full((2, 2, 3), 0.5)).max() == 0
    with pytest.raises(ConfigError, match="no image"):
        to_rgb(np.zeros((2, 2, 2, 2)))


def test_tiles():
    red, blue = np.full((4, 6, 3), (255, 0, 0), np.uint8), np.full((2, 10, 3), (0, 0, 255), np.uint8)
    sheet = tile([red, blue])
    assert sheet.shape == (4 + 16, 6 + 10 + 24, 3)
    assert (sheet == (255, 0, 0)).all(2).sum() == 24
    assert (sheet == (0, 0, 255)).all(2).sum() == 20
    assert tile([red, blue, red], columns=2).shape == (4 + 4 + 24, 6 + 10 + 24, 3)
    assert tile([red], ["a caption"]).shape[0] == 4 + 16 + 22


def test_small_pictures_are_enlarged():
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    large = enlarge(image, 5)
    assert large.shape == (6, 6, 3)
    assert (large[:3, :3] == image[0, 0]).all()
    assert enlarge(np.zeros((200, 300, 3), np.uint8)).shape == (200, 300, 3)
