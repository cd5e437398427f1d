"""Tests of :mod:`mmpretrain.datasets.transforms.annotations`."""

from __future__ import annotations

import numpy as np

from mmpretrain.datasets.transforms import annotations


def sample(**more):
    return {
        "img": np.zeros((10, 20, 3)),
        "img_shape": (10, 20),
        "gt_bboxes": np.array([[2.0, 1.0, 8.0, 9.0]]),
        "gt_keypoints": np.array([[[4.0, 5.0, 1.0], [15.0, 5.0, 1.0]]]),
        **more,
    }


def test_scaling_may_clip():
    results = sample()
    annotations.scale(results, (2.0, 2.0), clip=False)
    assert results["gt_bboxes"].tolist() == [[4, 2, 16, 18]]
    results = sample()
    annotations.scale(results, (2.0, 2.0), clip=True)
    assert results["gt_bboxes"].tolist() == [[4, 2, 16, 10]]
    assert results["gt_keypoints"][0, 1].tolist() == [20, 10, 1]


def test_points_outside_of_a_crop_become_invisible():
    results = sample(gt_seg_map=np.arange(200).reshape(10, 20))
    annotations.crop(results, top=1, left=3, height=6, width=5, clip=True)
    assert results["gt_bboxes"].tolist() == [[0, 0, 5, 6]]
    assert results["gt_keypoints"].tolist() == [[[1, 4, 1], [5, 4, 0]]]
    assert results["gt_seg_map"].shape == (6, 5)
    assert results["gt_seg_map"][0, 0] == 23


def test_two_flips_are_none():
    for direction in ("horizontal", "vertical", "diagonal"):
        results = sample()
        annotations.flip(results, direction)
        if direction == "horizontal":
            assert results["gt_bboxes"].tolist() == [[12, 1, 18, 9]]
        annotations.flip(results, direction)
        assert results["gt_bboxes"].tolist() == sample()["gt_bboxes"].tolist()
        assert results["gt_keypoints"].tolist() == sample()["gt_keypoints"].tolist()


def test_samples_without_annotations():
    results = {"img": np.zeros((4, 4, 3)), "img_shape": (4, 4)}
    annotations.scale(results, (2, 2), clip=True)
    annotations.flip(results, "horizontal")
    annotations.crop(results, 0, 0, 2, 2, clip=True)
    assert set(results) == {"img", "img_shape"}
