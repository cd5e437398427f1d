"""Data preprocessors and batch augmentations; the numbers are those of the reference environment."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample, MultiTaskDataSample
from tests.models.preprocess_cases import batch

MEAN_STD = dict(mean=[100, 110, 120], std=[57, 58, 59])


def test_cls_preprocessor_equals_the_reference():
    preprocess = MODELS.build(
        dict(type="ClsDataPreprocessor", **MEAN_STD, to_rgb=True, pad_size_divisor=16, pad_value=2)
    )
    images = batch()[0].byte()
    out = preprocess(dict(inputs=images))["inputs"]
    assert out.shape == (4, 3, 16, 16)
    assert out[1, :, 2, 3].tolist() == pytest.approx([-1.14035, -1.0, -0.86441], abs=1e-5)
    assert out[0, 0, -1, -1] == 2
    assert float(out.double().sum()) == pytest.approx(3192.244, abs=0.01)
    # Images of different sizes are padded to the largest.
    out = preprocess(dict(inputs=[images[0], images[1][:, :5]]))["inputs"]
    assert out.shape == (2, 3, 16, 16)
    assert float(out.double().sum()) == pytest.approx(1869.459, abs=0.01)


def test_normalisation_leaves_no_trace_in_the_state_dict():
    assert MODELS.build(dict(type="ClsDataPreprocessor", **MEAN_STD)).state_dict() == {}


def samples(*labels):
    return [DataSample().set_gt_label(label) for label in labels]


def test_cls_preprocessor_makes_one_hot_scores():
    preprocess = MODELS.build(dict(type="ClsDataPreprocessor", to_onehot=True, num_classes=4))
    data = dict(inputs=batch()[0][:2].byte(), data_samples=samples([0, 2], 3))
    out = preprocess(data)["data_samples"]
    assert [s.gt_score.tolist() for s in out] == [[1, 0, 1, 0], [0, 0, 0, 1]]
    assert [s.gt_label.tolist() for s in out] == [[0, 2], [3]]
    with pytest.raises(ConfigError, match="num_classes"):
        MODELS.build(dict(type="ClsDataPreprocessor", to_onehot=True))(
            data | dict(data_samples=samples(1, 1))
        )


def test_cls_preprocessor_mixes_in_training_only():
    preprocess = MODELS.build(
        dict(
            type="ClsDataPreprocessor",
            num_classes=4,
            batch_augments=dict(augments=[dict(type="Mixup", alpha=0.5)], probs=[1.0]),
        )
    )
    assert preprocess.to_onehot
    images = batch()[0][:2].byte()
    np.random.seed(0)
    torch.manual_seed(1)
    mixed = preprocess(dict(inputs=images, data_samples=samples(0, 1)), training=True)
    plain = preprocess(dict(inputs=images, data_samples=samples(0, 1)))
    assert torch.equal(plain["inputs"], images.float())
    assert not torch.equal(mixed["inputs"], plain["inputs"])
    assert mixed["data_samples"][0].gt_score.sum() == pytest.approx(1)


def test_cls_preprocessor_without_labels_and_with_tasks():
    preprocess = MODELS.build(dict(type="ClsDataPreprocessor"))
    images = batch()[0][:1].byte()
    assert preprocess(dict(inputs=images))["data_samples"] is None
    tasks = MultiTaskDataSample()
    tasks.set_field(DataSample().set_gt_label(1), "a")
    assert preprocess(dict(inputs=images, data_samples=[tasks]))["data_samples"][0].a.gt_label.tolist() == [1]


def test_img_preprocessor():
    preprocess = MODELS.build(
        dict(type="ImgDataPreprocessor", **MEAN_STD, bgr_to_rgb=True, pad_size_divisor=4)
    )
    out = preprocess(dict(inputs=list(batch()[0].byte()), extra=1))
    assert out["inputs"].shape == (4, 3, 8, 12)
    assert out["extra"] == 1
    assert out["data_samples"] is None


@pytest.mark.parametrize(
    "config",
    [
        dict(type="ClsDataPreprocessor", mean=[1, 2, 3]),
        dict(type="ClsDataPreprocessor", mean=[1, 2, 3], std=[1]),
        dict(type="ImgDataPreprocessor", bgr_to_rgb=True, rgb_to_bgr=True),
        dict(type="TwoNormDataPreprocessor", **MEAN_STD),
        dict(type="VideoDataPreprocessor", format_shape="NHWC"),
    ],
)
def test_wrong_preprocessors(config):
    with pytest.raises(ConfigError):
        MODELS.build(config)


def test_cls_preprocessor_mixes_values_like_scores():
    """Regression: a mixture of two images has the same mixture of their values."""
    mixup = dict(augments=[dict(type="Mixup", alpha=0.5)], probs=[1.0])
    preprocess = MODELS.build(dict(type="ClsDataPreprocessor", num_classes=2, batch_augments=mixup))
    images = torch.stack([torch.zeros(3, 4, 4), torch.full((3, 4, 4), 100.0)])
    both = [DataSample().set_gt_label(k).set_gt_value([10.0 * k, 5.0]) for k in range(2)]
    alone = [DataSample().set_gt_value(value) for value in (0.0, 10.0)]
    for given in (both, alone):
        np.random.seed(0)
        torch.manual_seed(1)
        out = preprocess(dict(inputs=images, data_samples=given), training=True)
        share = out["inputs"][:, 0, 0, 0] / 100
        assert 0 < share[0] < 1
        values = torch.stack([sample.gt_value for sample in out["data_samples"]])
        torch.testing.assert_close(values[:, 0], 10 * share)
    assert values.shape == (2, 1)
    assert "gt_score" not in out["data_samples"][0]
    torch.testing.assert_close(both[0].gt_score, torch.stack([1 - share[0], share[0]]))
    assert both[0].gt_value[1] == 5


def test_cls_preprocessor_augments_the_batch_in_training_only():
    cfg = dict(
        type="ClsDataPreprocessor",
        num_classes=4,
        **MEAN_STD,
        to_rgb=True,
        batch_transforms=[dict(type="RandomFlip", prob=1.0), dict(type="Mixup", alpha=0.5)],
    )
    preprocess = MODELS.build(cfg)
    assert preprocess.needs_sample_keys
    assert preprocess.to_onehot
    images = batch()[0][:2].byte()
    data = dict(inputs=images, data_samples=samples(0, 1), sample_keys=torch.tensor([[1, 0, 0], [2, 0, 0]]))
    mixed = preprocess(data, training=True)
    weights = mixed["data_samples"][0].gt_score
    plain = MODELS.build(dict(type="ClsDataPreprocessor", **MEAN_STD, to_rgb=True))(
        dict(inputs=images.flip(3))
    )
    expected = weights[0] * plain["inputs"][0] + weights[1] * plain["inputs"][1]
    assert torch.allclose(mixed["inputs"][0], expected, atol=1e-4)
    evaluated = preprocess(dict(inputs=images, data_samples=samples(0, 1)))
    assert evaluated["data_samples"][0].gt_score.tolist() == [1, 0, 0, 0]
    assert torch.equal(evaluated["inputs"], MODELS.build({**cfg, "batch_transforms": None})(data)["inputs"])


def test_batch_transforms_that_cannot_work():
    mixup = [dict(type="Mixup", alpha=0.5)]
    both = dict(batch_transforms=mixup, batch_augments=dict(augments=mixup))
    with pytest.raises(ConfigError, match="batch_augments and batch_transforms both mix images"):
        MODELS.build(dict(type="ClsDataPreprocessor", num_classes=4, **both))
    preprocess = MODELS.build(dict(type="ClsDataPreprocessor", num_classes=4, batch_transforms=mixup))
    with pytest.raises(DataError, match="mix one-hot labels, and the samples have none"):
        preprocess(dict(inputs=batch()[0].byte()), training=True)
    with pytest.raises(ConfigError, match="batch_transforms"):
        MODELS.build(dict(type="SelfSupDataPreprocessor", batch_transforms=mixup))


def test_any_number_of_channels():
    """One mean for each channel, or one for all; a grey image may become three channels, as in 1.x."""
    bands = torch.randint(0, 255, (2, 13, 4, 4))
    each = MODELS.build(dict(type="ClsDataPreprocessor", mean=list(range(13)), std=[2.0] * 13))
    expected = (bands.float() - torch.arange(13).view(13, 1, 1)) / 2
    torch.testing.assert_close(each(dict(inputs=bands))["inputs"], expected)
    one = MODELS.build(dict(type="ClsDataPreprocessor", mean=7.0, std=2, to_rgb=True))
    torch.testing.assert_close(one(dict(inputs=bands))["inputs"], (bands.float() - 7) / 2)
    three = MODELS.build(dict(type="ClsDataPreprocessor", mean=[1, 2, 3], std=[1, 1, 1]))
    assert three(dict(inputs=bands[:, :1]))["inputs"].shape == (2, 3, 4, 4)
    with pytest.raises(ConfigError, match="mean and std have 3 values, and the images 13 channels"):
        three(dict(inputs=bands))
