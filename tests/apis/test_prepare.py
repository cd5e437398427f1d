"""From an image to what a batch is made of."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest
import torch

from mmpretrain.apis.prepare import Preparation, loading_step
from mmpretrain.config import Config
from mmpretrain.errors import ConfigError, DataError

from .nets import STEPS, config, write_images

LOAD = {"type": "LoadImageFromFile"}
RAW = {**LOAD, "color_type": "unchanged", "value_range": (0, 4095)}


def test_files_and_arrays_are_alike(tmp_path):
    prepare = Preparation(config())
    (path,) = write_images(tmp_path, 1)
    from_file, from_array = prepare(path, 3), prepare(cv2.imread(path), 3)
    assert torch.equal(from_file["inputs"], from_array["inputs"])
    assert from_file["inputs"].shape == (3, 32, 32)
    assert from_file["data_samples"].sample_idx == from_array["data_samples"].sample_idx == 3


def test_each_thread_has_transforms_of_its_own(tmp_path):
    prepare = Preparation(config())
    found = {}
    threads = [
        threading.Thread(target=lambda name=name: found.setdefault(name, prepare._pipelines()))
        for name in "ab"
    ]
    for thread in threads:
        thread.start()
        thread.join()
    kept = {id(pipeline) for pair in [*found.values(), prepare._pipelines()] for pipeline in pair}
    assert len(kept) == 6


def test_grey_models_take_colours_and_the_other_way_round():
    grey = {**STEPS[0], "color_type": "grayscale"}
    cfg = config()
    cfg.test_dataloader.dataset.pipeline = [grey, *STEPS[1:]]
    colours = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    assert Preparation(cfg)(colours)["inputs"].shape == (1, 32, 32)
    assert Preparation(config())(colours[..., 0])["inputs"].shape == (3, 32, 32)


def test_data_sets_in_memory_have_no_step_that_reads():
    cfg = config()
    cfg.test_dataloader.dataset.pipeline = STEPS[1:]
    assert Preparation(cfg)(np.zeros((40, 50, 3), np.uint8))["inputs"].shape == (3, 32, 32)
    with pytest.raises(ConfigError, match="neither test_dataloader nor val_dataloader"):
        Preparation(Config({"model": {}}))


def test_numbers_are_taken_as_files_are(tmp_path):
    """Where a config reads files as they are, an array of 13 bands of 16 bits is prepared like its file."""
    bands = np.random.default_rng(0).integers(0, 9000, (40, 50, 13), np.uint16)
    np.save(tmp_path / "a.npy", bands)
    cfg = config()
    load = {**STEPS[0], "color_type": "unchanged", "value_range": (0, 10000)}
    cfg.test_dataloader.dataset.pipeline = [load, *STEPS[1:]]
    prepare = Preparation(cfg)
    from_file, from_array = prepare(str(tmp_path / "a.npy")), prepare(bands)
    assert torch.equal(from_file["inputs"], from_array["inputs"])
    assert from_file["inputs"].shape == (13, 32, 32)
    assert from_file["inputs"].dtype == torch.float32
    for source in (str(tmp_path / "a.npy"), bands):
        picture = prepare.picture(source)
        assert (picture.shape, picture.dtype) == ((40, 50, 3), np.uint8)
    with pytest.raises(DataError, match="13 channels of uint16"):
        Preparation(config())(str(tmp_path / "a.npy"))


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({"val_dataloader": {"dataset": {"pipeline": [RAW, {"type": "PackInputs"}]}}}, RAW),
        ({"model": {"backbone": {"type": "LeNet5", "in_channels": 1}}}, {**LOAD, "color_type": "grayscale"}),
        ({"model": {"data_preprocessor": {"mean": [1.0] * 13}}}, {**LOAD, "color_type": "unchanged"}),
        ({"data_preprocessor": {"mean": [1.0]}}, {**LOAD, "color_type": "grayscale"}),
        ({}, {**LOAD, "color_type": "color"}),
    ],
)
def test_how_a_config_reads_images(sections, expected):
    """For pipelines of commands such as knn: a grey model got colours, and ended in an error of torch."""
    assert loading_step(Config(sections)) == expected
