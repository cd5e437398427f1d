from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmpretrain.errors import ConfigError
from mmpretrain.structures import DataSample
from mmpretrain.visualization import UniversalVisualizer, Visualizer
from mmpretrain.visualization.drawing import draw_caption, rescale


class Recorder:
    """A backend that remembers what it was sent."""

    def __init__(self):
        self.sent = []

    def __getattr__(self, name):
        return lambda *args, **kwargs: self.sent.append((name, args))


@pytest.fixture
def sample():
    return DataSample().set_gt_label(1).set_pred_label(2).set_pred_score([0.1, 0.2, 0.7])


def test_caption_changes_only_the_corner():
    image = np.full((200, 300, 3), 255, np.uint8)
    drawn = draw_caption(image, "a cat")
    assert drawn.shape == image.shape
    assert (drawn[:30, :60] != 255).any()
    assert (drawn[100:] == 255).all()
    assert (image == 255).all()


def test_long_lines_are_shortened():
    image = np.full((100, 100, 3), 255, np.uint8)
    assert (draw_caption(image, "x" * 500)[:, -1] == 255).all()


def test_rescale():
    image = np.arange(8 * 6 * 3, dtype=np.uint8).reshape(8, 6, 3)
    assert rescale(image, 1) is image
    assert rescale(image, 0.5).shape == (4, 3, 3)
    assert (rescale(image, 10)[::10, ::10] == image).all()


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


def test_two_backends_of_one_name():
    with pytest.raises(ConfigError, match="named 'Recorder'"):
        Visualizer(vis_backends=[Recorder(), Recorder()])


def test_no_display(monkeypatch):
    monkeypatch.setattr("matplotlib.get_backend", lambda: "agg")
    visualizer = Visualizer(image=np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ConfigError, match="there is no display"):
        visualizer.show()
