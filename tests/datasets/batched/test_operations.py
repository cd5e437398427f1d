"""Operations of RandAugment for batches, against those of the pipeline."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.datasets import transforms
from mmpretrain.datasets.batched.operations import CHANGES, apply_to_part, change_of, strengths
from mmpretrain.errors import ConfigError, TransformError
from tests.datasets.batched.batched_cases import apart, arrays, draws, pictures, tensor

#: Name, arguments, largest difference, largest share of values that differ.
CASES = [
    ("AutoContrast", {}, 0, 0),
    ("Equalize", {}, 0, 0),
    ("Invert", {}, 0, 0),
    ("Posterize", dict(bits=2.5), 0, 0),
    ("Posterize", dict(bits=0), 0, 0),
    ("Solarize", dict(thr=100.0), 0, 0),
    ("SolarizeAdd", dict(magnitude=60.5), 0, 0),
    ("Brightness", dict(magnitude=0.4), 0, 0),
    ("Contrast", dict(magnitude=0.6), 1, 0.05),
    ("ColorTransform", dict(magnitude=0.7), 1, 0.05),
    ("Sharpness", dict(magnitude=0.9), 1, 0.05),
    ("Rotate", dict(angle=17.0, pad_val=[9, 99, 199]), 0, 0),
    ("Rotate", dict(angle=17.0), 0, 0),
    ("Rotate", dict(angle=30.0, interpolation="bicubic", scale=1.2, center=(10, 20)), 3, 0.05),
    ("Shear", dict(magnitude=0.3), 2, 0.02),
    ("Shear", dict(magnitude=0.31, direction="vertical", interpolation="bilinear"), 8, 0.3),
    ("Translate", dict(magnitude=0.25), 0, 0),
    ("Translate", dict(magnitude=0.25, direction="vertical", pad_val=[1, 2, 3]), 0, 0),
    ("GaussianBlur", dict(radius=1.3), 4, 0.5),
]
UNSIGNED = {"AutoContrast", "Equalize", "GaussianBlur", "Invert", "Posterize", "Solarize", "SolarizeAdd"}


@pytest.mark.parametrize("negative", [0.0, 1.0])
@pytest.mark.parametrize(("name", "arguments", "largest", "unequal"), CASES)
def test_pixels_are_those_of_the_pipeline(name, arguments, largest, unequal, negative):
    if name not in UNSIGNED:
        arguments = dict(arguments, random_negative_prob=negative)
    operation = getattr(transforms, name)(prob=1.0, **arguments)
    images = pictures()
    theirs = np.stack([operation(dict(img=image.copy()))["img"] for image in images])
    source = draws(len(images))
    strength = strengths(operation, source)
    ours = arrays(CHANGES[name](operation, tensor(images).float(), strength, source))
    found = apart(ours, theirs)
    assert found[0] <= largest, found
    assert found[1] <= unequal, found


@pytest.mark.parametrize(
    "name", ["Brightness", "Contrast", "ColorTransform", "Equalize", "AutoContrast", "Sharpness"]
)
def test_grey_images(name):
    images = pictures(channels=1)
    kwargs = dict(magnitude=0.5) if hasattr(getattr(transforms, name), "strength_key") else {}
    if name in ("Equalize", "AutoContrast"):
        kwargs = {}
    operation = getattr(transforms, name)(prob=1.0, random_negative_prob=0.0, **kwargs)
    theirs = np.stack([operation(dict(img=image.copy()))["img"].reshape(image.shape) for image in images])
    source = draws(len(images))
    ours = CHANGES[name](operation, tensor(images).float(), strengths(operation, source), source)
    assert apart(arrays(ours), theirs)[0] <= 1


def test_channels_last_gives_the_same():
    batch = tensor(pictures()).float()
    for name, arguments, *_ in CASES:
        operation = getattr(transforms, name)(prob=1.0, **arguments)
        results = []
        for images in (batch.clone(), batch.clone().contiguous(memory_format=torch.channels_last)):
            source = draws(len(batch))
            results.append(CHANGES[name](operation, images, strengths(operation, source), source))
        assert torch.allclose(*results, atol=1.01), name
        assert (results[0] != results[1]).float().mean() < 1e-3, name


def test_strengths_are_distributed_as_in_the_pipeline():
    settings = dict(magnitude_range=(4, 0), magnitude_level=7, prob=1.0)
    for std in (0.0, 0.5, "inf"):
        operation = transforms.Posterize(magnitude_std=std, **settings)
        np.random.seed(0)
        theirs = np.array([operation.random_magnitude() for _ in range(3000)])
        ours = strengths(operation, draws(3000))
        for quantile in (0.05, 0.5, 0.95):
            assert np.quantile(ours, quantile) == pytest.approx(np.quantile(theirs, quantile), abs=0.1)
    signed = strengths(transforms.Brightness(magnitude=0.3, random_negative_prob=0.25), draws(3000))
    assert set(np.round(signed, 9)) == {-0.3, 0.3}
    assert (signed < 0).mean() == pytest.approx(0.25, abs=0.03)


def test_only_the_part_is_changed_and_with_its_probability():
    batch = tensor(pictures(count=400, height=8, width=8)).float()
    operation = transforms.Invert(prob=0.3)
    indices = np.arange(0, 400, 2)
    changed = (apply_to_part(operation, batch, indices, draws(400)) != batch).flatten(1).any(1).numpy()
    assert not changed[1::2].any()
    assert changed[::2].mean() == pytest.approx(0.3, abs=0.1)


def test_cutout_covers_a_square():
    operation = transforms.Cutout(shape=6, pad_val=7, prob=1.0)
    source = draws(20)
    out = CHANGES["Cutout"](
        operation, torch.full((20, 3, 30, 30), 50.0), strengths(operation, source), source
    )
    covered = (out == 7).flatten(1).sum(1)
    assert set(out.unique().tolist()) == {7, 50}
    assert covered.max() == 3 * 36
    assert covered.min() >= 3 * 9


def test_what_there_is_not():
    with pytest.raises(ConfigError, match=r"no operation 'Lighting'\. There are AutoContrast"):
        change_of(transforms.Lighting([1.0] * 3, np.eye(3).tolist()))
    with pytest.raises(ConfigError, match="Shear of batch_transforms interpolates"):
        change_of(transforms.Shear(magnitude=0.1, interpolation="lanczos"))
    operation = transforms.Translate(magnitude=0.1, pad_val=[1, 2, 3], prob=1.0)
    with pytest.raises(TransformError, match="pad_val of Translate has 3 numbers for 5 channels"):
        CHANGES["Translate"](operation, torch.zeros(1, 5, 8, 8), np.ones(1), draws(1))


@pytest.mark.parametrize("name", ["Brightness", "Contrast", "ColorTransform", "Sharpness", "Equalize"])
@pytest.mark.parametrize("channels", [2, 5, 13])
def test_channels_that_are_no_colours_are_treated_as_in_a_pipeline(name, channels):
    image = np.random.RandomState(channels).randint(0, 256, (9, 11, channels)).astype(np.uint8)
    options = {} if name == "Equalize" else {"magnitude": 0.4, "random_negative_prob": 0.0}
    operation = getattr(transforms, name)(prob=1.0, **options)
    expected = operation.apply(image.copy())
    batch = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    found = CHANGES[name](operation, batch, np.full(1, 0.4), draws(1))
    assert np.abs(found[0].permute(1, 2, 0).numpy() - expected).max() <= 1
