"""Distributions of random draws, and policies.

Bounds are about five standard deviations of the statistic, and seeds are fixed: these tests do not flicker.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmpretrain.datasets.transforms import (
    AUTOAUG_POLICIES,
    RANDAUG_POLICIES,
    AugMix,
    AutoAugment,
    BEiTMaskGenerator,
    RandAugment,
    RandomErasing,
    RandomFlip,
    RandomResizedCrop,
    Rotate,
    SimMIMMaskGenerator,
    ThreeAugment,
    TrivialAugmentWide,
)
from mmpretrain.errors import ConfigError
from mmpretrain.registry import TRANSFORMS


@pytest.fixture(autouse=True)
def _seed():
    np.random.seed(0)


def image(height=32, width=40):
    return np.random.RandomState(5).randint(0, 256, (height, width, 3), dtype=np.uint8)


def test_crop_areas_and_ratios_are_uniform():
    crop = RandomResizedCrop(8)
    boxes = np.array([crop.rand_crop_params(np.empty((1000, 1000))) for _ in range(4000)])
    areas = boxes[:, 2] * boxes[:, 3] / 1e6
    assert areas.min() == pytest.approx(0.08, abs=0.01)
    # Uniform, but for large boxes of an extreme shape: they do not fit into a square and are drawn again.
    area = np.linspace(0.08, 1, 1000)
    fits = np.minimum(-np.log(area) / math.log(4 / 3), 1)
    assert areas.mean() == pytest.approx((area * fits).sum() / fits.sum(), abs=0.02)
    ratios = np.log(boxes[:, 3] / boxes[:, 2])
    assert np.abs(ratios).max() == pytest.approx(math.log(4 / 3), abs=0.01)
    assert abs(ratios.mean()) < 0.02
    assert ratios[areas < 0.5].std() == pytest.approx(2 * math.log(4 / 3) / math.sqrt(12), rel=0.06)
    free = 1000 - boxes[:, 2]
    places = boxes[:, 0][free > 50] / free[free > 50]
    assert places.mean() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    ("prob", "direction", "expected"),
    [
        (0.3, "horizontal", {"horizontal": 0.3, None: 0.7}),
        (0.6, ["horizontal", "vertical"], {"horizontal": 0.3, "vertical": 0.3, None: 0.4}),
        ([0.1, 0.5], ["vertical", "diagonal"], {"vertical": 0.1, "diagonal": 0.5, None: 0.4}),
        (1, "vertical", {"vertical": 1.0}),
    ],
)
def test_flip_rates(prob, direction, expected):
    flip = RandomFlip(prob, direction)
    drawn = [flip._choose_direction() for _ in range(4000)]
    assert set(drawn) == set(expected)
    for choice, rate in expected.items():
        assert drawn.count(choice) / 4000 == pytest.approx(rate, abs=0.04)


def test_flip_draws_as_numpy_choice():
    flip = RandomFlip([0.2, 0.3], ["horizontal", "vertical"])
    np.random.seed(1)
    ours = [flip._choose_direction() for _ in range(200)]
    np.random.seed(1)
    theirs = [np.random.choice(["horizontal", "vertical", None], p=[0.2, 0.3, 0.5]) for _ in range(200)]
    assert ours == theirs


def levels(**kwargs):
    rotate = Rotate(magnitude_range=(0, 30), total_level=10, prob=1.0, **kwargs)
    return np.array([rotate.random_magnitude() for _ in range(4000)])


def test_magnitudes():
    assert (levels(magnitude_level=9) == 27).all()
    noisy = levels(magnitude_level=5, magnitude_std=0.5)
    assert noisy.mean() == pytest.approx(15, abs=0.12)
    assert noisy.std() == pytest.approx(1.5, rel=0.06)
    assert levels(magnitude_level=9, magnitude_std=5).max() == 30
    uniform = levels(magnitude_level=8, magnitude_std="inf")
    assert uniform.min() < 0.1
    assert 23.9 < uniform.max() <= 24
    assert uniform.mean() == pytest.approx(12, abs=0.6)
    assert (levels(magnitude_level=3, random_negative_prob=0.2) == 9).all()


def test_signs_and_probabilities():
    rotate = Rotate(angle=10.0, prob=0.3, random_negative_prob=0.2)
    assert np.mean([rotate.random_disable() for _ in range(4000)]) == pytest.approx(0.7, abs=0.04)
    assert np.mean([rotate.random_negative(1) < 0 for _ in range(4000)]) == pytest.approx(0.2, abs=0.04)


@pytest.mark.parametrize("policies", RANDAUG_POLICIES)
def test_increasing_policies_increase(policies):
    """At level 0, no operation with a range does anything (Posterize keeps 4 bits); at 10, all do."""
    neutral = {"Posterize": 4, "Solarize": 256}
    for policy in RANDAUG_POLICIES[policies]:
        if "magnitude_range" in policy:
            start, end = policy["magnitude_range"]
            assert start == neutral.get(policy["type"], 0)
            assert end != start


def test_rand_augment_uses_all_operations_equally():
    augment = RandAugment("timm_increasing", num_policies=3, magnitude_level=7, magnitude_std=0.5)
    drawn = np.concatenate([augment.random_policy_indices() for _ in range(3000)])
    assert np.bincount(drawn, minlength=15) / 9000 == pytest.approx(np.full(15, 1 / 15), abs=0.015)
    ranged = [t for t in augment if t.magnitude_range is not None]
    assert len(ranged) == 12
    assert {(t.magnitude_level, t.magnitude_std, t.total_level) for t in ranged} == {(7, 0.5, 10)}


def test_hparams_reach_every_operation_that_takes_them():
    hparams = dict(pad_val=[1, 2, 3], interpolation="bicubic")
    augment = RandAugment("timm_increasing", 2, 9, hparams=hparams)
    padded = [t for t in augment if hasattr(t, "pad_val")]
    assert {type(t).__name__ for t in padded} == {"Rotate", "Shear", "Translate"}
    assert {(t.pad_val, t.interpolation) for t in padded} == {((1, 2, 3), "bicubic")}


def test_auto_augment_hparams_have_an_effect():
    """The original builds its operations before it merges the hyperparameters into their configs."""
    augment = AutoAugment("imagenet", hparams=dict(pad_val=[104, 116, 124], interpolation="bicubic"))
    rotations = [t for sub in augment for t in sub if type(t).__name__ == "Rotate"]
    assert rotations
    assert {(t.pad_val, t.interpolation) for t in rotations} == {((104, 116, 124), "bicubic")}


def test_policies_in_configs_are_not_changed():
    policies = [dict(type="Rotate", magnitude_range=(0, 30), magnitude_key="angle"), dict(type="Invert")]
    RandAugment(policies, 1, 5)
    assert policies == [
        dict(type="Rotate", magnitude_range=(0, 30), magnitude_key="angle"),
        dict(type="Invert"),
    ]
    assert len(AUTOAUG_POLICIES["imagenet"]) == 25


def test_trivial_augment_draws_one_operation_and_one_level():
    augment = TrivialAugmentWide(hparams=dict(pad_val=0, interpolation="bilinear"))
    seen = [augment.random_level() for _ in range(4000)]
    assert (min(seen), max(seen)) == (0, 30)
    assert np.mean(seen) == pytest.approx(15, abs=0.8)
    changed = sum(not np.array_equal(augment(dict(img=image()))["img"], image()) for _ in range(200))
    assert 100 < changed < 195  # the identity and low levels leave the image as it is
    rotate = next(t for t in augment if type(t).__name__ == "Rotate")
    rotate.magnitude_level = 30
    assert rotate.random_magnitude() == 135
    assert rotate.pad_val == 0


def test_augmix():
    augment = AugMix(severity=5, mixture_width=4)
    out = [augment(dict(img=image()))["img"] for _ in range(30)]
    assert {o.dtype for o in out} == {np.dtype(np.uint8)}
    assert {o.shape for o in out} == {(32, 40, 3)}
    assert len({o.tobytes() for o in out}) == 30
    # A mixture with the image itself: on average much nearer to it than another image.
    distance = np.mean([np.abs(o.astype(int) - image()).mean() for o in out])
    assert 3 < distance < 60
    assert len(AugMix(chain_depth=2).random_chain()) == 2
    assert {len(AugMix().random_chain()) for _ in range(50)} == {1, 2, 3}
    weights, own = AugMix(alpha=2.0).random_weights()
    assert weights.sum() == pytest.approx(1)
    assert 0 < own < 1


def test_augmix_of_operations_that_do_nothing_is_the_image():
    augment = AugMix(policies=[dict(type="Solarize", thr=256)])
    assert np.array_equal(augment(dict(img=image()))["img"], image())


def test_three_augment_draws_one_of_three():
    augment = ThreeAugment()
    kinds = {"grey": 0, "solarised": 0, "blurred": 0}
    solarised = np.where(image() < 128, image(), 255 - image())
    for _ in range(300):
        out = augment(dict(img=image()))["img"]
        if (out[..., 0] == out[..., 1]).all():
            kinds["grey"] += 1
        elif np.array_equal(out, solarised):
            kinds["solarised"] += 1
        else:
            kinds["blurred"] += 1
    assert min(kinds.values()) > 60


def test_erasing():
    erase = RandomErasing(erase_prob=0.4, fill_color=300 / 2)
    counts, areas = 0, []
    for _ in range(2000):
        img = np.zeros((50, 50, 3), np.uint8)
        erased = (erase(dict(img=img))["img"] == 150).all(-1)
        counts += erased.any()
        areas += [erased.mean()] if erased.any() else []
    assert counts / 2000 == pytest.approx(0.4, abs=0.06)
    assert min(areas) > 0.015
    assert max(areas) < 0.42
    assert np.mean(areas) == pytest.approx(0.21, abs=0.03)


def test_masks():
    for _ in range(20):
        mask = BEiTMaskGenerator((14, 14), 75, min_num_patches=16)(dict())["mask"]
        assert mask.sum() == 75
        blocks = SimMIMMaskGenerator(192, 32, 4, 0.6)(dict())["mask"]
        assert blocks.shape == (48, 48)
        assert blocks.sum() == 22 * 64
        assert (blocks.reshape(6, 8, 6, 8).std(axis=(1, 3)) == 0).all()


@pytest.mark.parametrize(
    "config",
    [
        dict(type="Rotate"),
        dict(type="Rotate", angle=3.0, magnitude_range=(0, 30)),
        dict(type="Posterize", bits=9),
        dict(type="Shear", magnitude=0.1, direction="diagonal"),
        dict(type="SolarizeAdd", magnitude=1, thr="high"),
        dict(type="RandAugment", policies="timm", num_policies=2, magnitude_level=9),
        dict(type="RandAugment", policies=["Rotate"], num_policies=2, magnitude_level=9),
        dict(type="RandAugment", policies="timm_increasing", num_policies=0, magnitude_level=9),
        dict(
            type="RandAugment",
            policies="timm_increasing",
            num_policies=1,
            magnitude_level=9,
            magnitude_std="1",
        ),
        dict(type="AutoAugment", policies="cifar"),
        dict(type="RandomErasing", min_area_ratio=0.5, max_area_ratio=0.4),
        dict(type="RandomErasing", aspect_range=(2.0, 1.0)),
        dict(type="RandomErasing", fill_color=("red",)),
        dict(type="RandomFlip"),
        dict(type="RandomFlip", prob=1.5),
        dict(type="RandomFlip", prob=[0.5], direction=["horizontal", "vertical"]),
        dict(type="RandomFlip", prob=0.5, direction="sideways"),
        dict(type="RandomResizedCrop", scale=0),
        dict(type="RandomResizedCrop", scale=8, crop_ratio_range=(1.0, 0.1)),
        dict(type="RandomResizedCrop", scale=8, interpolation="area", backend="pillow"),
        dict(type="RandomCrop", crop_size=(1, 2, 3)),
        dict(type="RandomGrayscale", prob=2),
        dict(type="ColorJitter", brightness=-1.0),
        dict(type="ColorJitter", hue=(0.1, 0.2, 0.3)),
        dict(type="Resize"),
        dict(type="Resize", scale=8, size=8),
        dict(type="RandomResize", scale=(8, 8)),
        dict(type="Pad"),
        dict(type="Pad", size=(8, 8), pad_to_square=True),
        dict(type="SimMIMMaskGenerator", input_size=100),
        dict(type="BEiTMaskGenerator", input_size=4, num_masking_patches=17),
        dict(type="AugMix", severity=11),
        dict(type="MultiView", transforms=[[]], num_views=[1, 2]),
        dict(type="RandomChoice", transforms=[[], []], prob=[0.5, 0.6]),
        dict(type="KeyMapper", mapping=dict(a="b"), remapping=dict(a="c"), auto_remap=True),
    ],
)
def test_wrong_arguments_are_explained(config):
    with pytest.raises(ConfigError) as caught:
        TRANSFORMS.build(config)
    assert len(str(caught.value)) > 20
