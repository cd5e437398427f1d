"""Tests of :mod:`mmpretrain.models.preprocess_views`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import DataError
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from tests.models.preprocess_cases import batch

MEAN_STD = dict(mean=[100, 110, 120], std=[57, 58, 59])


def test_selfsup_preprocessors_normalise_views():
    images = batch()[0].byte()
    one = MODELS.build(dict(type="SelfSupDataPreprocessor", **MEAN_STD, to_rgb=True))
    expected = (images.flip(1).float() - one.mean) / one.std
    assert torch.equal(one(dict(inputs=images))["inputs"], expected)
    views = one(dict(inputs=[images, images]))["inputs"]
    assert isinstance(views, list)
    assert torch.equal(views[1], expected)
    two = MODELS.build(
        dict(
            type="TwoNormDataPreprocessor",
            **MEAN_STD,
            second_mean=[0, 0, 0],
            second_std=[255, 255, 255],
            to_rgb=True,
        )
    )
    views = two(dict(inputs=[images, images], data_samples=[DataSample().set_gt_label(1) for _ in range(4)]))[
        "inputs"
    ]
    assert torch.equal(views[0], expected)
    assert torch.equal(views[1], images.flip(1).float() / 255)
    with pytest.raises(DataError, match="default_collate"):
        one([images])


def test_video_preprocessor():
    clips = torch.arange(2 * 4 * 3 * 2 * 2).reshape(2, 4, 3, 2, 2).byte()
    frames = MODELS.build(dict(type="VideoDataPreprocessor", **MEAN_STD, to_rgb=True))
    out = frames(dict(inputs=clips))["inputs"]
    assert torch.equal(out, (clips.flip(2).float() - frames.mean) / frames.std)
    volume = MODELS.build(dict(type="VideoDataPreprocessor", **MEAN_STD, to_rgb=True, format_shape="NCTHW"))
    moved = clips.transpose(1, 2)
    assert torch.equal(volume(dict(inputs=[moved]))["inputs"][0], out.transpose(1, 2))


def test_multimodal_preprocessor():
    images = batch()[0].byte()
    preprocess = MODELS.build(dict(type="MultiModalDataPreprocessor", **MEAN_STD, pad_size_divisor=4))
    assert preprocess(dict(inputs=images))["images"].shape == (4, 3, 8, 12)
    assert preprocess(dict(inputs=[images, images]))["images"].shape == (4, 2, 3, 8, 12)
    assert preprocess(dict(data_samples=[DataSample().set_gt_label(1) for _ in range(4)]))["images"] is None
