"""Tests of :mod:`mmpretrain.datasets.preflight_transforms`."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest

from mmpretrain.datasets import CustomDataset
from mmpretrain.datasets.preflight_transforms import unsuitable_branches

LOAD = dict(type="LoadImageFromFile", color_type="unchanged")
SOLARIZE = dict(type="Solarize", thr=100, prob=1e-9)


def problems(tmp_path, *steps) -> list[str]:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((40, 50), 40000, np.uint16))
    (tmp_path / "list.txt").write_text("a.png 0\n")
    dataset = CustomDataset(
        data_prefix=str(tmp_path), ann_file=str(tmp_path / "list.txt"), pipeline=[LOAD, *steps]
    )
    dataset.full_init()
    return [problem.text for problem in unsuitable_branches("train", dataset)]


@pytest.mark.parametrize(
    "step",
    [
        SOLARIZE,
        dict(type="RandomApply", transforms=[SOLARIZE], prob=1e-9),
        dict(type="RandomChoice", transforms=[[], [SOLARIZE]], prob=[1.0, 0.0]),
        dict(type="AutoAugment", policies=[[dict(type="Resize", scale=8)], [SOLARIZE]]),
        dict(type="AugMix"),
    ],
    ids=["itself", "apply", "choice", "auto", "mix"],
)
def test_however_unlikely_it_is(tmp_path, step):
    (problem,) = problems(tmp_path, dict(type="Resize", scale=16), step)
    assert problem.startswith("pipeline.2: ")
    assert "8 bits" in problem
    assert f"{tmp_path}/a.png (sample 0) [16x16, 1 channel, uint16]" in problem


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (dict(type="RandomCrop", crop_size=64), "RandomCrop cuts 64 x 64 pixels out of images of 40 x 50"),
        (
            dict(type="CenterCrop", crop_size=(60, 44)),
            "CenterCrop cuts 44 x 60 pixels out of images of 40 x 50",
        ),
        (
            dict(type="MultiView", num_views=2, transforms=[[dict(type="RandomCrop", crop_size=50)]]),
            "RandomCrop cuts 50 x 50 pixels out of images of 40 x 50",
        ),
        (dict(type="RandomCrop", crop_size=64, pad_if_needed=True), None),
        (dict(type="CenterCrop", crop_size=64, auto_pad=True), None),
        (dict(type="RandomCrop", crop_size=48), None),
    ],
)
def test_a_crop_that_is_larger_than_the_image(tmp_path, step, said):
    found = problems(tmp_path, step)
    assert [text.partition(", which")[0] for text in found] == ([] if said is None else [said])


def test_branches_of_views(tmp_path):
    """A branch that fails is found in a view, too."""
    views = dict(
        type="MultiView",
        num_views=[1, 1],
        transforms=[
            [dict(type="Resize", scale=16)],
            [dict(type="RandomApply", prob=1e-9, transforms=[SOLARIZE])],
        ],
    )
    (problem,) = problems(tmp_path, views)
    assert "8 bits" in problem


def test_what_works(tmp_path):
    """Branches are tried on copies, and draws of the run are what they were."""
    random.seed(0)
    np.random.seed(0)
    before = random.getstate(), np.random.get_state()[1].tolist()
    crop = dict(type="RandomCrop", crop_size=20)
    steps = [
        dict(type="RandomChoice", transforms=[[dict(type="Resize", scale=8)], [crop]]),
        dict(type="RandomErasing"),
        dict(type="PackInputs"),
    ]
    assert problems(tmp_path, *steps) == []
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before
