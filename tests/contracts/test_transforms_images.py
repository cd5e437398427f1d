"""Every transform works on images of any number of channels and any type, or says in one sentence why not."""

from __future__ import annotations

import random

import numpy as np
import pytest

from mmpretrain.datasets.transforms.policies import AUTOAUG_POLICIES, RANDAUG_POLICIES
from mmpretrain.errors import MMPretrainError, TransformError
from mmpretrain.registry import TRANSFORMS
from tests.contracts.test_transforms import ABSENT_PACKAGES, ARGUMENTS, NAMES, TAKES_PIL

CONFIGS = {
    name: dict(type=name, **ARGUMENTS.get(name, {}))
    for name in NAMES
    if name not in TAKES_PIL | ABSENT_PACKAGES | {"LoadImageFromFile", "LoadAnnotations"}
}
CONFIGS |= {f"AutoAugment {key}": dict(type="AutoAugment", policies=key) for key in AUTOAUG_POLICIES}
CONFIGS |= {
    f"RandAugment {key}": dict(type="RandAugment", policies=key, num_policies=8, magnitude_level=9)
    for key in RANDAUG_POLICIES
}
CONFIGS |= {
    "RandomErasing const": dict(type="RandomErasing", erase_prob=1.0),
    "RandomErasing rand": dict(type="RandomErasing", erase_prob=1.0, mode="rand"),
    "RandomErasing normal": dict(type="RandomErasing", erase_prob=1.0, mode="rand", fill_std=(9, 9, 9)),
    "ColorJitter cv2": dict(ARGUMENTS["ColorJitter"], type="ColorJitter", backend="cv2"),
    "Resize pillow": dict(type="Resize", scale=20, backend="pillow"),
}  # fmt: skip
SHAPES = {"1": (40, 50), "1 with axis": (40, 50, 1), "3": (40, 50, 3), "4": (40, 50, 4), "13": (40, 50, 13)}
DTYPES = ("uint8", "uint16", "float32")


def image(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    values = np.random.RandomState(0).rand(*shape)
    return (values * (65535 if dtype == "uint16" else 255)).astype(dtype)


def sample(img: np.ndarray, task: bool = False) -> dict:
    return {
        "img_path": "cat.png",
        "sample_idx": 7,
        "img": img.copy(),
        "img_shape": (40, 50),
        "ori_shape": (40, 50),
        "gt_label": {"task": 1} if task else 1,
        "text": "Some, text.",
        "objects": ["cat"],
        "question": "what?",
        "views": None,
    }


def outcomes(name: str, shape: str, dtype: str):
    """Yield what a transform makes of an image with several seeds, or its error."""
    transform = TRANSFORMS.build(dict(type="Compose", transforms=[CONFIGS[name]]))
    for seed in range(4):
        random.seed(seed)
        np.random.seed(seed)
        try:
            yield transform(sample(image(SHAPES[shape], dtype), task=name == "PackMultiTaskInputs"))
        except MMPretrainError as error:
            yield error


@pytest.mark.parametrize("name", CONFIGS)
def test_it_works_or_says_why_not(name):
    kinds = [(shape, dtype) for shape in SHAPES for dtype in DTYPES]
    for shape, result in [(kind[0], outcome) for kind in kinds for outcome in outcomes(name, *kind)]:
        if isinstance(result, MMPretrainError):
            text = str(result)
            assert name == "Compose" or name.partition(" ")[0] in text
            assert "cat.png (sample 7)" in text
            assert "pipeline.0" in text
            assert "\n" not in text
        elif isinstance(result, dict) and isinstance(result.get("img"), np.ndarray) and name != "Transpose":
            channels = 1 if result["img"].ndim == 2 else result["img"].shape[2]
            assert channels in {1, *SHAPES[shape][2:]}


@pytest.mark.parametrize("name", CONFIGS)
def test_grey_images_work(name):
    for shape, result in [
        (kind, out) for kind in ("1", "1 with axis") for out in outcomes(name, kind, "uint8")
    ]:
        if name in {"Lighting", "Normalize"} or (name == "Transpose" and shape == "1"):
            assert isinstance(result, TransformError)
            assert "1 channel" in str(result)
            continue
        assert not isinstance(result, MMPretrainError), result
        if isinstance(result, dict) and isinstance(result.get("img"), np.ndarray) and name != "Transpose":
            assert result["img"].shape[2:] in ((), (1,))


#: Transforms that know how many channels there are, and what they say of another number.
COUNT_CHANNELS = {
    "Lighting": "3 channels, whose colours it changes",
    "Normalize": "mean has 3 numbers, and the image 13",
    "NumpyToPIL": "Pillow has no images of",
    "ThreeAugment": "channel_weights needs 13 numbers",
    "ToPIL": "Pillow has no images of",
}


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("name", CONFIGS)
def test_many_channels_work(name, dtype):
    """Images of 13 channels, of bytes or of floats from 0 to 255, keep their channels and their type."""
    for result in outcomes(name, "13", dtype):
        if isinstance(result, MMPretrainError):
            assert COUNT_CHANNELS[name] in str(result)
        elif isinstance(result, dict) and isinstance(result.get("img"), np.ndarray) and name != "Transpose":
            assert result["img"].shape[2:] in {(13,), ()}
            assert result["img"].dtype == dtype or name in {"RandomGrayscale", "RandomTranslatePad"}


@pytest.mark.parametrize("name", CONFIGS)
def test_channels_are_treated_alike(name):
    """An image whose 13 channels are equal comes out with equal channels, and as each alone does."""
    if name.startswith(("RandomErasing rand", "RandomErasing normal")) or name in COUNT_CHANNELS:
        pytest.skip("has noise for each channel, or counts channels")
    one = image((40, 50, 1), "uint8")
    made = []
    for img in (one, np.repeat(one, 13, axis=2)):
        random.seed(1)
        np.random.seed(1)
        made.append(TRANSFORMS.build(CONFIGS[name])(sample(img, task=name == "PackMultiTaskInputs")))
    if not all(isinstance(item, dict) and isinstance(item.get("img"), np.ndarray) for item in made):
        return
    single, many = (item["img"] for item in made)
    if many.ndim == 3 and many.shape[2] == 13:
        assert (many == many[..., :1]).all()
        assert np.abs(many[..., 0].astype(float) - single.reshape(many.shape[:2])).max() <= 1


@pytest.mark.parametrize("name", CONFIGS)
def test_floats_are_treated_as_bytes_are(name):
    """Floats from 0 to 255 come out as the same image of bytes does, but for rounding."""
    img = image((40, 50), "uint8")
    made = []
    for values in (img, img.astype(np.float32)):
        random.seed(2)
        np.random.seed(2)
        result = TRANSFORMS.build(dict(type="Compose", transforms=[CONFIGS[name]]))
        try:
            made.append(result(sample(values, task=name == "PackMultiTaskInputs")))
        except TransformError:
            return
    if all(isinstance(item, dict) and isinstance(item.get("img"), np.ndarray) for item in made):
        a, b = (item["img"].astype(float) for item in made)
        assert a.shape == b.shape
        assert np.abs(a - b).mean() < (3 if "Augment" in name or name == "GaussianBlur" else 1.01), name


@pytest.mark.parametrize("name", ["ColorTransform", "ColorJitter", "ColorJitter cv2"])
def test_alpha_is_no_colour(name):
    config = {**CONFIGS[name]}
    if name != "ColorTransform":
        config |= dict(brightness=0, contrast=0)
    transform = TRANSFORMS.build(config)
    img = image((40, 50, 4), "uint8")
    out = transform(sample(img))["img"]
    assert (out[..., 3] == img[..., 3]).all()
    assert (out[..., :3] != img[..., :3]).any()
    np.random.seed(0)
    with_alpha = TRANSFORMS.build(config)(sample(img))["img"]
    np.random.seed(0)
    without = TRANSFORMS.build(config)(sample(np.ascontiguousarray(img[..., :3])))["img"]
    assert (with_alpha[..., :3] == without).all()


def test_the_saturation_of_a_grey_image_does_not_change():
    img = image((40, 50), "uint8")
    out = TRANSFORMS.build(dict(type="ColorTransform", magnitude=0.9, prob=1.0))(sample(img))["img"]
    assert (out == img).all()


def test_the_contrast_of_a_grey_image_is_that_of_its_colour_twin():
    img = image((40, 50), "uint8")
    twin = np.repeat(img[..., None], 3, axis=2)
    config = dict(type="Contrast", magnitude=0.5, prob=1.0, random_negative_prob=0.0)
    grey, colour = (TRANSFORMS.build(config)(sample(item))["img"] for item in (img, twin))
    assert (colour == grey[..., None]).all()


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (
            dict(mode="const", fill_color=(1, 2, 3)),
            "fill_color has 3 different values, and the image 1 channel",
        ),
        (dict(mode="rand", fill_std=(1, 2, 3)), "fill_std has 3 different values, and the image 1 channel"),
    ],
)
def test_colours_for_a_grey_image(config, says):
    transform = TRANSFORMS.build(dict(type="RandomErasing", erase_prob=1.0, **config))
    with pytest.raises(TransformError, match=says):
        transform(sample(image((40, 50), "uint8")))


def test_sixteen_bits_do_not_wrap_around():
    for name in ("Invert", "Solarize", "Brightness", "RandomGrayscale", "Posterize"):
        config = {**CONFIGS[name], "prob": 1.0}
        with pytest.raises(TransformError, match=r"of 8 bits.* gets uint16"):
            TRANSFORMS.build(config)(sample(image((40, 50, 3), "uint16")))
