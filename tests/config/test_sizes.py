"""The size of images that a config works on."""

from __future__ import annotations

import pytest

from mmpretrain.config.sizes import image_size


def loader(*steps):
    return {"dataset": {"type": "CustomDataset", "pipeline": list(steps)}}


EDGE = {"type": "ResizeEdge", "scale": 9}
CROP = {"type": "CenterCrop", "crop_size": 96}
VIEWS = {
    "type": "MultiView",
    "transforms": [
        [{"type": "RandomResizedCrop", "scale": 64}],
        [{"type": "RandomResizedCrop", "scale": 32}],
    ],
}


@pytest.mark.parametrize(
    ("config", "size"),
    [
        ({}, 224),
        ({"model": {"backbone": {"img_size": 48}}}, 48),
        ({"image_size": 40, "model": {"backbone": {"img_size": 48}}}, 40),
        ({"train_dataloader": loader(VIEWS), "model": {"backbone": {"img_size": 48}}}, 64),
        ({"train_dataloader": loader(VIEWS), "test_dataloader": loader(EDGE, CROP)}, 96),
        ({"val_dataloader": loader({"type": "Resize", "scale": (80, 80)})}, 80),
    ],
)  # fmt: skip
def test_sizes(config, size):
    assert image_size(config) == size
