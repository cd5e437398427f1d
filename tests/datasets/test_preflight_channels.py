"""Tests of :mod:`mmpretrain.datasets.preflight_channels`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.config import Config
from mmpretrain.datasets import CustomDataset
from mmpretrain.datasets.preflight_channels import wrong_channels

MODEL = """
model=dict(type='ImageClassifier', backbone=dict(type={kind!r}{extra}), head=dict(type='ClsHead'),
           data_preprocessor=dict(mean={mean}, std={mean}))
"""


@pytest.fixture
def said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def check(channels, kind="ResNet", extra=", depth=18", mean=(1.0,)) -> list[str]:
        shape = (8, 8) if channels == 1 else (8, 8, channels)
        np.save("a.npy", np.zeros(shape, np.uint8))
        (tmp_path / "list.txt").write_text("a.npy 0\n")
        load = dict(type="LoadImageFromFile", color_type="unchanged")
        dataset = CustomDataset(
            data_prefix=".", ann_file="list.txt", pipeline=[load, dict(type="PackInputs")]
        )
        dataset.full_init()
        (tmp_path / "cfg.py").write_text(MODEL.format(kind=kind, extra=extra, mean=list(mean)))
        return [p.text for p in wrong_channels(Config.fromfile("cfg.py"), "train", dataset)]

    return check


@pytest.mark.parametrize(
    ("channels", "options"),
    [
        (3, {}),
        (1, {"extra": ", depth=18, in_channels=1"}),
        (13, {"extra": ", depth=18, in_channels=13", "mean": (1.0,) * 13}),
        (1, {"mean": (1.0, 2.0, 3.0)}),
        (1, {"kind": "LeNet5", "extra": ""}),
        (13, {"kind": "ResNeXt", "extra": ", depth=50, in_channels=13"}),
    ],
)
def test_what_fits(said, channels, options):
    assert said(channels, **options) == []


def test_another_number_than_the_backbone_takes(said):
    (text,) = said(13)
    assert text == (
        "images of train have 13 channels (list.txt:1), and the backbone takes in_channels=3 (the default of "
        "ResNet): set in_channels=13 in model.backbone"
    )
    (text,) = said(1, kind="ResNeXt", extra=", depth=50, in_channels=3")
    assert "in_channels=3 (cfg.py:2 (model.backbone.in_channels))" in text
    assert "color_type='color' in LoadImageFromFile" in text
    (text,) = said(3, kind="LeNet5", extra="")
    assert "color_type='grayscale' in LoadImageFromFile" in text


def test_another_number_of_means(said):
    (text,) = said(4, extra=", depth=18, in_channels=4", mean=(1.0, 2.0, 3.0))
    assert "have 4 channels" in text
    assert "mean has 3 values: give one for each (cfg.py:3 (model.data_preprocessor.mean))" in text
