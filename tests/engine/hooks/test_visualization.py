"""Tests of :mod:`mmpretrain.engine.hooks.visualization`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS
from mmpretrain.structures import DataSample


class Drawings:
    def __init__(self):
        self.drawn = []

    def visualize_cls(self, image, data_sample, **kwargs):
        self.drawn.append((image.shape, kwargs))

    def add_datasample(self, name, image, data_sample, **kwargs):
        self.drawn.append((name, image.shape, kwargs))


def drawing_runner(**attributes):
    loader = SimpleNamespace(dataset=None)
    return SimpleNamespace(
        visualizer=Drawings(), epoch=3, iter=40, state=SimpleNamespace(by_epoch=True), val_dataloader=loader,
        test_dataloader=loader, **attributes,
    )  # fmt: skip


BATCH = {"inputs": [torch.full((3, 4, 5), float(i)) for i in range(4)]}

SAMPLES = [DataSample(metainfo={"img_path": f"a/{i}.jpg"} if i else {}) for i in range(4)]


@pytest.mark.parametrize("mode", ["val", "test"])
def test_visualization(tmp_path, mode):
    hook = HOOKS.build(
        dict(type="VisualizationHook", enable=True, interval=3, out_dir=str(tmp_path), resize=8)
    )
    runner = drawing_runner()
    for index in range(2):
        getattr(hook, f"after_{mode}_iter")(runner, index, BATCH, SAMPLES)
    step = 3 if mode == "val" else 0
    names = [(kwargs["name"], kwargs["step"], kwargs["resize"]) for _, kwargs in runner.visualizer.drawn]
    assert names == [("0", step, 8), ("3.jpg", step, 8), ("2.jpg", step, 8)]  # samples 0, 3 and 6
    assert runner.visualizer.drawn[0][0] == (4, 5, 3)
    assert runner.visualizer.drawn[1][1]["out_file"] == str(tmp_path / f"3.jpg_{step}.png")
    idle = drawing_runner()
    getattr(HOOKS.build(dict(type="VisualizationHook")), f"after_{mode}_iter")(idle, 0, BATCH, SAMPLES)
    assert idle.visualizer.drawn == []


def test_naive_visualization():
    runner = drawing_runner()
    hook = HOOKS.build(dict(type="NaiveVisualizationHook", interval=2, draw_gt=False))
    for index in range(2):
        hook.after_test_iter(runner, index, BATCH, SAMPLES)
    assert [name for name, *_ in runner.visualizer.drawn] == ["1_0", "1.jpg", "2.jpg", "3.jpg"]
    assert runner.visualizer.drawn[0][2] == {"draw_gt": False, "draw_pred": True, "step": 1}


def test_a_visualizer_that_knows_no_labels():
    runner = drawing_runner()
    runner.visualizer = object()
    hook = HOOKS.build(dict(type="VisualizationHook", enable=True, interval=1))
    with pytest.raises(ConfigError, match=r"a object cannot draw predictions.*UniversalVisualizer"):
        hook.after_test_iter(runner, 0, {"inputs": []}, [])
