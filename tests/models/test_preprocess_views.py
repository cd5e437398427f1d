"""Tests of :mod:`mmpretrain.models.preprocess_views`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.config import Config
from mmpretrain.config.validate import validate
from mmpretrain.errors import ConfigError, DataError
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


TRANSFORMS = [dict(type="RandomResizedCrop", scale=8), dict(type="RandomFlip", prob=0.5)]


def test_transforms_of_batches_draw_for_each_view():
    images = batch()[0].byte()
    keys = torch.tensor([[7 + number, 0, 0] for number in range(len(images))])
    cfg = dict(**MEAN_STD, batch_transforms=TRANSFORMS)
    of_views = MODELS.build(dict(type="SelfSupDataPreprocessor", **cfg))
    assert of_views.needs_sample_keys
    data = dict(inputs=[images, images], sample_keys=keys)
    first, second = of_views(data, training=True)["inputs"]
    assert first.shape == second.shape == (*images.shape[:2], 8, 8)
    assert not torch.equal(first, second)
    again = of_views(dict(inputs=[images[1:], images[1:]], sample_keys=keys[1:]), training=True)["inputs"]
    assert torch.allclose(again[1], second[1:], atol=1e-4)
    # A single view is augmented as images for classification are.
    of_images = MODELS.build(dict(type="ClsDataPreprocessor", **cfg))
    alone = of_views(dict(inputs=images, sample_keys=keys), training=True)["inputs"]
    assert torch.equal(alone, of_images(dict(inputs=images, sample_keys=keys), training=True)["inputs"])
    assert torch.equal(first, alone)
    assert of_views(data)["inputs"][0].shape == images.shape  # not in validation


@pytest.mark.parametrize("kind", ["Mixup", "CutMix"])
def test_views_have_no_labels_to_mix(kind):
    with pytest.raises(ConfigError, match="batch_transforms mix labels"):
        MODELS.build(dict(type="SelfSupDataPreprocessor", batch_transforms=[dict(type=kind, alpha=1.0)]))


@pytest.mark.parametrize("kind", ["TwoNormDataPreprocessor", "VideoDataPreprocessor", "ImgDataPreprocessor"])
def test_preprocessors_that_have_no_transforms_of_batches(kind):
    """Both views of BEiT show the same part, and the frames of a clip belong together."""
    preprocessor = dict(type=kind, batch_transforms=TRANSFORMS)
    problems = validate(Config(dict(model=dict(type="BaseModel", data_preprocessor=preprocessor))))
    sentence = f"model.data_preprocessor.batch_transforms): {kind} has no argument"
    assert any(sentence in str(problem) for problem in problems)
