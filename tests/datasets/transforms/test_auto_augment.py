"""Tests of :mod:`mmpretrain.datasets.transforms.auto_augment`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.datasets.transforms import (
    AugMix,
    AutoAugment,
    RandAugment,
    ThreeAugment,
    TrivialAugmentWide,
)
from mmpretrain.errors import ConfigError
from mmpretrain.registry import TRANSFORMS


def image(height=32, width=40):
    return np.random.RandomState(5).randint(0, 256, (height, width, 3), dtype=np.uint8)


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
