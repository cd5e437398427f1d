"""Tests of :mod:`mmpretrain.visualization.universal`."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmpretrain.structures import DataSample
from mmpretrain.visualization import UniversalVisualizer
from tests.visualization.cases import Recorder


@pytest.fixture
def sample():
    return DataSample().set_gt_label(1).set_pred_label(2).set_pred_score([0.1, 0.2, 0.7])


def test_grey_pictures_become_large_enough_to_read(sample):
    drawn = UniversalVisualizer().visualize_cls(np.zeros((8, 8), np.uint8), sample, classes=["a", "b", "c"])
    assert drawn.shape == (320, 320, 3)


def test_what_is_written(sample, monkeypatch):
    texts = []
    monkeypatch.setattr(
        "mmpretrain.visualization.universal.draw_caption", lambda image, text: texts.append(text) or image
    )
    visualizer = UniversalVisualizer()
    visualizer.dataset_meta = {"classes": ["ant", "bee", "cat"]}
    image = np.zeros((400, 400, 3), np.uint8)
    visualizer.visualize_cls(image, sample)
    visualizer.visualize_cls(image, sample, draw_gt=False, draw_score=False)
    assert texts == ["Ground truth: 1 (bee)\nPrediction: 2 (cat), 0.70", "Prediction: 2 (cat)"]


def test_what_is_written_of_values(monkeypatch):
    """Regression: each value by its name."""
    texts = []
    monkeypatch.setattr(
        "mmpretrain.visualization.universal.draw_caption", lambda image, text: texts.append(text) or image
    )
    visualizer = UniversalVisualizer()
    sample = DataSample().set_gt_value([31.0, 1.75]).set_pred_value([29.34567, 1.8])
    image = np.zeros((400, 400, 3), np.uint8)
    visualizer.visualize_cls(image, sample, draw_gt=False)
    visualizer.dataset_meta = {"values": ["age", "height"]}
    visualizer.visualize_cls(image, sample)
    assert texts == [
        "Prediction: value_0 29.35\nPrediction: value_1 1.8",
        "Ground truth: age 31\nGround truth: height 1.75\nPrediction: age 29.35\nPrediction: height 1.8",
    ]


def test_out_file_is_a_picture(sample, tmp_path):
    path = tmp_path / "deep" / "cat.png"
    drawn = UniversalVisualizer().visualize_cls(np.zeros((340, 400, 3), np.uint8), sample, out_file=path)
    assert (np.asarray(Image.open(path)) == drawn).all()


def test_without_file_the_backends_get_it(sample):
    recorder = Recorder()
    visualizer = UniversalVisualizer(vis_backends=[recorder])
    visualizer.visualize_cls(np.zeros((340, 400, 3), np.uint8), sample, name="cat", step=3)
    visualizer.add_scalars({"loss": 1.0}, step=4)
    visualizer.close()
    assert [name for name, _ in recorder.sent] == ["add_image", "add_scalars", "close"]
