"""Data preprocessors and batch augmentations; the numbers are those of the reference environment."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.models.batch_augments import CutMix, Mixup, RandomBatchAugment
from mmpretrain.registry import BATCH_AUGMENTS, MODELS
from mmpretrain.structures import DataSample, MultiTaskDataSample


def batch():
    images = torch.arange(4 * 3 * 8 * 10).reshape(4, 3, 8, 10).float() % 97
    return images, torch.eye(5)[[0, 3, 1, 4]]


def checksum(images):
    weights = torch.linspace(0, 1, images.numel(), dtype=torch.float64)
    return round(float(weights @ images.double().flatten()), 3)


AUGMENTS = {
    "mixup": dict(type="Mixup", alpha=0.8),
    "cutmix": dict(type="CutMix", alpha=1.0),
    "cutmix_minmax": dict(type="CutMix", alpha=1.0, cutmix_minmax=[0.2, 0.8]),
    "cutmix_uncorrected": dict(type="CutMix", alpha=1.0, correct_lam=False),
    "resizemix": dict(type="ResizeMix", alpha=1.0),
}
#: From mmpretrain 1.2: name and seed -> sums over row 3 of the second channel, checksum, scores[0].
# fmt: off
EXPECTED = {
    "mixup/1": [[480.6485, 601.7773, 125.0, 312.5742], 22416.317, [0.3355, 0.0, 0.0, 0.6645, 0.0]],
    "mixup/2": [[175.0, 635.0, 138.1223, 571.8776], 23383.767, [1.0, 0.0, 0.0, 0.0, 0.0]],
    "cutmix/1": [[175.0, 635.0, 125.0, 585.0], 22658.895, [0.8, 0.0, 0.0, 0.2, 0.0]],
    "cutmix/2": [[175.0, 635.0, 125.0, 585.0], 23395.412, [1.0, 0.0, 0.0, 0.0, 0.0]],
    "cutmix_minmax/1": [[175.0, 635.0, 125.0, 585.0], 23494.515, [0.975, 0.0, 0.0, 0.025, 0.0]],
    "cutmix_minmax/2": [[175.0, 635.0, 309.0, 401.0], 23037.039, [1.0, 0.0, 0.0, 0.0, 0.0]],
    "cutmix_uncorrected/1": [[175.0, 635.0, 125.0, 585.0], 22658.895, [0.0004, 0.0, 0.0, 0.9996, 0.0]],
    "cutmix_uncorrected/2": [[175.0, 635.0, 125.0, 585.0], 23395.412, [1.0, 0.0, 0.0, 0.0, 0.0]],
    "resizemix/1": [[175.0, 635.0, 125.0, 585.0], 22936.838, [0.8, 0.0, 0.0, 0.2, 0.0]],
    "resizemix/2": [[175.0, 635.0, 125.0, 585.0], 23211.102, [1.0, 0.0, 0.0, 0.0, 0.0]],
}
# fmt: on


@pytest.mark.parametrize("case", EXPECTED)
def test_batch_augments_equal_the_reference(case):
    name, seed = case.split("/")
    np.random.seed(int(seed))
    torch.manual_seed(int(seed))
    images, scores = BATCH_AUGMENTS.build(AUGMENTS[name])(*batch())
    rows, total, first = EXPECTED[case]
    assert images[:, 1, 3].sum(-1).tolist() == pytest.approx(rows, abs=1e-3)
    assert checksum(images) == pytest.approx(total, abs=0.01)
    assert scores[0].tolist() == pytest.approx(first, abs=1e-4)


def test_random_batch_augment_draws_as_the_reference():
    augment = RandomBatchAugment(
        [dict(type="Mixup", alpha=0.8), dict(type="CutMix", alpha=1.0)], probs=[0.3, 0.4]
    )
    np.random.seed(3)
    torch.manual_seed(3)
    found = [checksum(augment(*batch())[0]) for _ in range(8)]
    assert found == pytest.approx(
        [23530.5527, 23395.4119, 23395.4119, 23253.6713, 23710.4901, 23271.5328, 23025.0261, 23014.7654],
        abs=0.01,
    )


def test_random_batch_augment_applies_each_with_its_probability():
    counts = {"a": 0, "b": 0}

    def counter(name):
        def augment(images, scores):
            counts[name] += 1
            return images, scores

        return augment

    augment = RandomBatchAugment([counter("a"), counter("b")], probs=[0.2, 0.5])
    np.random.seed(0)
    images, scores = batch()
    for _ in range(3000):
        assert augment(images, scores)[1].dtype == torch.float32
    # Five standard deviations of a binomial distribution.
    assert abs(counts["a"] / 3000 - 0.2) < 0.037
    assert abs(counts["b"] / 3000 - 0.5) < 0.046


def test_given_probabilities_are_not_changed():
    probs = [0.5]
    RandomBatchAugment([Mixup(1.0)], probs)
    assert probs == [0.5]


@pytest.mark.parametrize(
    "build",
    [
        lambda: Mixup(0),
        lambda: CutMix(1.0, cutmix_minmax=[0.1]),
        lambda: RandomBatchAugment([Mixup(1.0)], probs=[0.5, 0.5]),
        lambda: RandomBatchAugment([Mixup(1.0), CutMix(1.0)], probs=[0.7, 0.5]),
    ],
)
def test_wrong_batch_augments(build):
    with pytest.raises(ConfigError):
        build()


def test_mixing_needs_one_hot_scores():
    with pytest.raises(DataError, match="num_classes"):
        Mixup(1.0)(batch()[0], torch.tensor([0, 1, 2, 3]))


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
    views = two(dict(inputs=[images, images], data_samples=samples(1)))["inputs"]
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
    assert preprocess(dict(data_samples=samples(1)))["images"] is None


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
