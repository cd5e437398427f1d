"""Tests of :mod:`mmpretrain.datasets.transforms.blame`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.datasets.transforms.blame import blame, describe_sample, is_own, locate_step
from mmpretrain.errors import DataError, TransformError, notes_of

SAMPLE = {"img_path": "a.png", "img": np.zeros((4, 6, 3), np.uint8), "sample_idx": 5}


@pytest.mark.parametrize(
    ("results", "text"),
    [
        (SAMPLE, "a.png (sample 5) [6x4, 3 channels, uint8]"),
        ({"img": np.zeros((4, 6))}, "[6x4, 1 channel, float64]"),
        ({}, "a sample without a path"),
        ([1], "what is no dict of results, but list"),
    ],
)
def test_which_sample_it_is(results, text):
    assert describe_sample(results) == text


def test_an_error_of_a_transform_of_ours_is_one_sentence():
    error = blame(ValueError("bad angle"), "Rotate", True, SAMPLE)
    error = blame(error, "RandomApply", True, SAMPLE)
    locate_step(error, "cfg.py:3 (pipeline.1)")
    assert isinstance(error, TransformError)
    assert error.where == "cfg.py:3 (pipeline.1)"
    assert error.message == (
        "RandomApply > Rotate fails on a.png (sample 5) [6x4, 3 channels, uint8]: ValueError: bad angle"
    )


def test_an_error_of_a_users_transform_keeps_its_kind():
    error = ValueError("bad angle")
    assert blame(error, "Mine", False, SAMPLE) is error
    locate_step(error, "cfg.py:3")
    assert notes_of(error) == ["cfg.py:3: Mine fails on a.png (sample 5) [6x4, 3 channels, uint8]"]


def test_the_image_may_be_known_outside_only():
    error = blame(ValueError("x"), "Inner", True, {"img": SAMPLE["img"]})
    error = blame(error, "Outer", True, SAMPLE)
    assert "Outer > Inner fails on a.png" in error.message


def test_an_error_that_names_its_image_is_left_alone():
    error = blame(DataError("cannot be read", where="a.png"), "LoadImageFromFile", True, SAMPLE)
    assert (error.where, error.message) == ("a.png", "cannot be read")


def test_what_is_ours():
    assert is_own(DataError)
    assert not is_own(np.zeros)
