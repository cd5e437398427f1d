"""Tests of :mod:`mmpretrain.compat.v0.transforms`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.registry import TRANSFORMS
from tests.compat.v0.cases import WHOLE, load


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (dict(type="Resize", size=32), dict(type="Resize", scale=32)),
        (dict(type="Resize", size=(20, 30)), dict(type="Resize", scale=(30, 20))),
        (
            dict(type="Resize", size=(256, -1), adaptive_side="long", interpolation="bicubic"),
            dict(type="ResizeEdge", scale=256, interpolation="bicubic", edge="long"),
        ),
        (dict(type="CenterCrop", crop_size=(20, 30)), dict(type="CenterCrop", crop_size=(30, 20))),
        (
            dict(type="CenterCrop", crop_size=224, efficientnet_style=True, interpolation="bicubic"),
            dict(type="EfficientNetCenterCrop", crop_size=224, interpolation="bicubic"),
        ),
        (
            dict(type="RandomResizedCrop", size=224, scale=(0.2, 1.0), ratio=(1.0, 2.0)),
            dict(
                type="RandomResizedCrop",
                scale=224,
                crop_ratio_range=(0.2, 1.0),
                aspect_ratio_range=(1.0, 2.0),
            ),
        ),
        (
            dict(type="RandomResizedCrop", size=224, efficientnet_style=True, min_covered=0.2),
            dict(type="EfficientNetRandomCrop", scale=224, interpolation="bilinear", min_covered=0.2),
        ),
        (dict(type="RandomCrop", size=32, padding=4), dict(type="RandomCrop", crop_size=32, padding=4)),
        (dict(type="RandomFlip"), dict(type="RandomFlip", prob=0.5)),
        (
            dict(type="RandomGrayscale", gray_prob=0.3),
            dict(type="RandomGrayscale", prob=0.3, channel_weights=(0.114, 0.587, 0.299), keep_channels=True),
        ),
        (dict(type="ToPIL"), dict(type="NumpyToPIL")),
        (dict(type="ToNumpy"), dict(type="PILToNumpy")),
        (dict(type="Albu", transforms=[]), dict(type="Albumentations", transforms=[])),
        (dict(type="MyTransform", size=3), dict(type="MyTransform", size=3)),
        (
            dict(type="LoadImageFromFile", file_client_args=dict(backend="memcached")),
            dict(type="LoadImageFromFile", file_client_args=dict(backend="memcached")),
        ),
    ],
)
def test_transforms(old, new):
    collect = dict(type="Collect", keys=["img", "gt_label", "extra"], meta_keys=["filename", "flip"])
    text = f"data = dict(train=dict(type='ImageNet', pipeline=[{old}, {collect}]))\n"
    pipeline = load(text).train_dataloader.dataset.pipeline
    packed = dict(type="PackInputs", algorithm_keys=("extra",), meta_keys=("img_path", "flip"))
    assert pipeline == [new, packed]


def test_pixels_are_those_of_the_old_pipeline(tmp_path):
    """Resize by the short edge, crop the centre, swap channels, subtract the mean, divide."""
    import cv2
    import torch

    from mmpretrain.registry import MODELS

    image = np.random.RandomState(0).randint(0, 256, (300, 400, 3), np.uint8)
    path = str(tmp_path / "a.png")
    cv2.imwrite(path, image)
    cfg = load(WHOLE)
    results = dict(img_path=path)
    for step in cfg.test_dataloader.dataset.pipeline:
        results = TRANSFORMS.build(step)(results)
    preprocessor = MODELS.build(dict(type="ClsDataPreprocessor", **cfg.data_preprocessor))
    batch = dict(inputs=[results["inputs"]], data_samples=[results["data_samples"]])
    ours = preprocessor(batch)["inputs"][0]

    resized = cv2.resize(image, (int(256 * 400 / 300), 256), interpolation=cv2.INTER_LINEAR)
    top, left = round((256 - 224) / 2), round((resized.shape[1] - 224) / 2)
    cropped = resized[top : top + 224, left : left + 224, ::-1].astype(np.float64)
    norm = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
    expected = (cropped - norm["mean"]) / norm["std"]
    assert torch.allclose(ours.double(), torch.from_numpy(expected.transpose(2, 0, 1).copy()), atol=1e-4)


def test_different_normalisations_stay_in_the_pipelines():
    text = WHOLE.replace("test_pipeline = [", "img_norm_cfg = dict(mean=[0], std=[255])\ntest_pipeline = [")
    cfg = load(text)
    assert [step.type for step in cfg.train_dataloader.dataset.pipeline][-2:] == ["Normalize", "PackInputs"]
    assert cfg.val_dataloader.dataset.pipeline[-2] == dict(type="Normalize", mean=[0], std=[255])
    assert cfg.data_preprocessor.mean is None
