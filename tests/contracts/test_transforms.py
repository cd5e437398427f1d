"""What every registered transform has in common."""

from __future__ import annotations

import copy
import enum
import inspect
import pickle
import random
import sys
import types

import numpy as np
import pytest
import torch
from PIL import Image

from mmpretrain.datasets.transforms import BaseTransform
from mmpretrain.errors import ArgumentError, OptionalDependencyError
from mmpretrain.registry import TRANSFORMS
from tests.contracts.signatures import check_signature
from tests.golden.facts import load

UPSTREAM = {**load("components")["mmengine.TRANSFORMS"], **load("components")["mmpretrain.TRANSFORMS"]}

INVERT = dict(type="Invert", prob=1.0)
MEAN_STD = dict(mean=[1.0, 2.0, 3.0], std=[1.0, 2.0, 3.0])

#: Arguments of the transforms that need some.
ARGUMENTS = {
    "ApplyToList": dict(transforms=[INVERT], scatter_key="views", collate_keys=["img"]),
    "AutoAugment": dict(policies="imagenet"),
    "BEiTMaskGenerator": dict(input_size=14, num_masking_patches=75),
    "Brightness": dict(magnitude=0.3, prob=1.0),
    "CenterCrop": dict(crop_size=16),
    "CleanCaption": dict(keys="text"),
    "Collect": dict(keys=["img", "gt_label"]),
    "ColorJitter": dict(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),
    "ColorTransform": dict(magnitude=0.3, prob=1.0),
    "Compose": dict(transforms=[INVERT]),
    "Contrast": dict(magnitude=0.3, prob=1.0),
    "Cutout": dict(shape=8, prob=1.0),
    "EfficientNetCenterCrop": dict(crop_size=16),
    "EfficientNetRandomCrop": dict(scale=16),
    "GaussianBlur": dict(radius=1.0, prob=1.0),
    "ImageToTensor": dict(keys=["img"]),
    "KeyMapper": dict(transforms=[INVERT], mapping=dict(img="img")),
    "Letterbox": dict(scale=(24, 16), pad_val=114),
    "Lighting": dict(eigval=[1.0, 2.0, 3.0], eigvec=[[1.0, 0.0, 0.0]] * 3),
    "MAERandomResizedCrop": dict(size=16),
    "MultiScaleFlipAug": dict(
        transforms=[dict(type="PackInputs")], scales=[(20, 20), (30, 30)], allow_flip=True
    ),
    "MultiView": dict(transforms=[[INVERT], [INVERT]], num_views=[1, 2]),
    "Normalize": MEAN_STD,
    "PackMultiTaskInputs": dict(multi_task_fields=["gt_label"]),
    "Pad": dict(size_divisor=32),
    "Posterize": dict(bits=4, prob=1.0),
    "RandAugment": dict(policies="timm_increasing", num_policies=2, magnitude_level=9),
    "RandomApply": dict(transforms=[INVERT]),
    "RandomChoice": dict(transforms=[[INVERT], []]),
    "RandomChoiceResize": dict(scales=[(10, 20), (20, 10)]),
    "RandomCrop": dict(crop_size=16),
    "RandomFlip": dict(prob=0.5),
    "RandomResize": dict(scale=(20, 30), ratio_range=(0.5, 1.5)),
    "RandomResizedCrop": dict(scale=16),
    "RandomResizedCropAndInterpolationWithTwoPic": dict(size=16, second_size=8),
    "RandomTranslatePad": dict(size=64),
    "Resize": dict(scale=20),
    "ResizeEdge": dict(scale=20),
    "Rotate": dict(angle=10.0, prob=1.0),
    "Sharpness": dict(magnitude=0.3, prob=1.0),
    "Shear": dict(magnitude=0.3, prob=1.0),
    "Solarize": dict(thr=100, prob=1.0),
    "SolarizeAdd": dict(magnitude=30, prob=1.0),
    "Albu": dict(transforms=[dict(type="HorizontalFlip", p=1.0)]),
    "Albumentations": dict(transforms=[dict(type="HorizontalFlip", p=1.0)]),
    "TestTimeAug": dict(
        transforms=[[dict(type="Resize", scale=20)], [dict(type="RandomFlip", prob=1.0), INVERT]]
    ),
    "ToTensor": dict(keys=["gt_label"]),
    "TransformBroadcaster": dict(transforms=[INVERT], mapping=dict(img=["img", "img"])),
    "Translate": dict(magnitude=0.3, prob=1.0),
    "Transpose": dict(keys=["img"], order=[2, 0, 1]),
}
#: Transforms whose image is a PIL image.
TAKES_PIL = {"MAERandomResizedCrop", "PILToNumpy", "ToNumpy"}
ABSENT_PACKAGES = {"Albu", "Albumentations"}
NAMES = [name for name in TRANSFORMS.names() if isinstance(TRANSFORMS.get(name), type)]


def image() -> np.ndarray:
    return np.random.RandomState(1).randint(0, 256, (40, 50, 3), dtype=np.uint8)


@pytest.fixture
def sample(tmp_path):
    path = str(tmp_path / "a.png")
    Image.fromarray(image()).save(path)

    def make(name):
        return {
            "img_path": path,
            "img": Image.fromarray(image()) if name in TAKES_PIL else image(),
            "img_shape": (40, 50),
            "gt_label": {"task": 1} if name == "PackMultiTaskInputs" else 1,
            "instances": [dict(bbox=[1, 2, 3, 4], bbox_label=1)],
            "text": "Some, text.",
            "objects": ["cat"],
            "question": "what?",
            "views": None,
        }

    return make


def build(name):
    if name in ABSENT_PACKAGES:
        pytest.importorskip("albumentations")
    return TRANSFORMS.build(dict(type=name, **ARGUMENTS.get(name, {})))


def seed(value=0):
    np.random.seed(value)
    random.seed(value)
    torch.manual_seed(value)


def plain(value):
    """Tensors, images and samples as comparable values."""
    if hasattr(value, "all_keys"):
        return {key: plain(value.get(key)) for key in value.all_keys()}
    if isinstance(value, (torch.Tensor, np.ndarray, Image.Image)):
        array = np.asarray(value)
        return array.shape, str(array.dtype), array.tobytes()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def test_all_names_of_the_original_are_there():
    ours = set(TRANSFORMS.names())
    assert {name for name in UPSTREAM if not name.startswith("torchvision/")} <= ours
    assert set(ARGUMENTS) <= ours


@pytest.mark.parametrize("name", sorted(load("components")["mmpretrain.TRANSFORMS"]))
def test_arguments_are_those_of_the_original(name):
    if name.startswith("torchvision/"):
        pytest.skip("these are torchvision's own")
    if name == "MAERandomResizedCrop":
        ours = list(inspect.signature(TRANSFORMS.get(name)).parameters)
        assert ours == ["size", "scale", "ratio", "interpolation", "antialias"]
        return
    check_signature("mmpretrain.TRANSFORMS", name, TRANSFORMS.get(name))


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_result(sample, name):
    transform = build(name)
    assert isinstance(transform, BaseTransform)
    outcomes = []
    for _ in range(2):
        seed(3)
        outcomes.append(plain(transform(sample(name))))
    assert outcomes[0] == outcomes[1]
    assert isinstance(outcomes[0], dict)


@pytest.mark.parametrize("name", NAMES)
def test_survives_pickle_and_deepcopy(sample, name):
    """Transforms travel to the workers of the data loader."""
    transform = build(name)
    seed()
    expected = plain(transform(sample(name)))
    for clone in (pickle.loads(pickle.dumps(transform)), copy.deepcopy(transform)):
        seed()
        assert plain(clone(sample(name))) == expected


@pytest.mark.parametrize("name", NAMES)
def test_repr_names_the_class(name):
    transform = build(name)
    assert repr(transform).startswith(type(transform).__name__ + "(")
    assert " object at 0x" not in repr(transform)


@pytest.mark.parametrize("name", NAMES)
def test_the_config_is_not_changed(name):
    if name in ABSENT_PACKAGES:
        pytest.importorskip("albumentations")
    config = dict(type=name, **copy.deepcopy(ARGUMENTS.get(name, {})))
    before = repr(config)
    TRANSFORMS.build(config)
    assert repr(config) == before


@pytest.mark.parametrize("name", NAMES)
def test_unknown_arguments_are_refused(name):
    if any(p.kind is p.VAR_KEYWORD for p in inspect.signature(TRANSFORMS.get(name)).parameters.values()):
        pytest.skip("passes arguments on")
    with pytest.raises(ArgumentError, match="no_such_argument"):
        TRANSFORMS.build(dict(type=name, **ARGUMENTS.get(name, {}), no_such_argument=1))


@pytest.mark.parametrize("name", NAMES)
def test_is_documented(name):
    target = TRANSFORMS.get(name)
    assert target.__doc__
    for argument in inspect.signature(target).parameters:
        if argument not in ("args", "kwargs", "kwarg", "resize_kwargs"):
            documented = f"{argument}:" in target.__doc__ or f"{argument}:" in (target.__base__.__doc__ or "")
            assert documented, f"{name}: {argument}"


def test_torchvision_names_are_found_or_explained():
    try:
        import torchvision  # noqa: F401
    except Exception:
        with pytest.raises(OptionalDependencyError, match="torchvision"):
            TRANSFORMS.get("torchvision/RandomCrop")
        return
    results = TRANSFORMS.build(dict(type="torchvision/Resize", size=8, interpolation="bicubic"))(
        {"img": Image.fromarray(image())}
    )
    assert results["img"].size == (10, 8)


def test_torchvision_adapter(monkeypatch):
    """Against a stand-in with the parts of torchvision that the adapter touches."""
    stand_in = types.ModuleType("torchvision.transforms")

    class InterpolationMode(enum.Enum):
        BICUBIC = "bicubic"

    class Scale:
        def __init__(self, by, interpolation=None, dtype=None):
            self.by, self.interpolation, self.dtype = by, interpolation, dtype

        def __call__(self, img):
            return img * self.by

    stand_in.InterpolationMode, stand_in.Scale = InterpolationMode, Scale
    package = types.ModuleType("torchvision")
    package.transforms = stand_in
    monkeypatch.setitem(sys.modules, "torchvision", package)
    monkeypatch.setitem(sys.modules, "torchvision.transforms", stand_in)
    monkeypatch.setattr(TRANSFORMS, "_objects", dict(TRANSFORMS._objects))
    config = dict(type="torchvision/Scale", by=3, interpolation="bicubic", dtype="float16")
    transform = TRANSFORMS.build(config)
    assert transform(dict(img=2, other=1)) == dict(img=6, other=1)
    assert transform.t.interpolation is InterpolationMode.BICUBIC
    assert transform.t.dtype is torch.float16
    assert TRANSFORMS.get("torchvision/Absent") is None
    with pytest.raises(ArgumentError, match="too_much"):
        TRANSFORMS.build(dict(config, too_much=1))


def test_albumentations_is_found_or_explained():
    config = dict(type="Albu", transforms=[dict(type="HorizontalFlip", p=1.0)])
    try:
        import albumentations  # noqa: F401
    except Exception:
        with pytest.raises(OptionalDependencyError, match="albumentations"):
            TRANSFORMS.build(config)
        return
    results = TRANSFORMS.build(config)(dict(img=image()))
    assert np.array_equal(results["img"], image()[:, ::-1])
    assert results["img_shape"] == (40, 50)


def test_albumentations_gets_no_unknown_keys_and_a_seed(monkeypatch):
    """As its releases from 1.4.10 on need it."""

    class Compose:
        def __init__(self, transforms):
            self.seeds = []

        def set_random_seed(self, seed):
            self.seeds.append(seed)

        def __call__(self, image, boxes):
            return dict(image=image[:20], boxes=boxes)

    monkeypatch.setitem(sys.modules, "albumentations", types.SimpleNamespace(Compose=Compose))
    keymap = dict(img="image", gt_bboxes="boxes", absent="mask")
    transform = TRANSFORMS.build(dict(type="Albu", transforms=[], keymap=keymap))
    seeds = []
    for value in (1, 1, 2):
        seed(value)
        results = transform(dict(img=image(), gt_bboxes=[1], img_path="a.jpg"))
        seeds.append(transform.aug.seeds[-1])
    assert results.keys() == {"img", "gt_bboxes", "img_path", "img_shape"}
    assert results["img_shape"] == (20, 50)
    assert seeds[0] == seeds[1] != seeds[2]
