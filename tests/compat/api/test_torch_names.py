"""Tests of :mod:`mmpretrain.compat.api.torch_names`."""

from __future__ import annotations

import json

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import nn

from mmpretrain.compat.api import torch_names


def test_mixed_precision_on_this_machine():
    layer = nn.Linear(2, 2)
    with torch_names.autocast("cpu"):
        assert layer(torch.ones(1, 2)).dtype == torch.bfloat16
    with torch_names.autocast("cpu", enabled=False):
        assert layer(torch.ones(1, 2)).dtype == torch.float32


def test_a_log_of_0x_by_epoch(tmp_path):
    path = tmp_path / "a.log.json"
    entries = [{"env": "x"}, {"epoch": 1, "loss": 2.0}, {"epoch": 1, "loss": 1.0}, {"epoch": 2, "acc": 3}]
    path.write_text("\n".join(map(json.dumps, entries)) + "\n\n")
    assert torch_names.load_json_log(str(path)) == {1: {"loss": [2.0, 1.0]}, 2: {"acc": [3]}}


def test_the_pixels_of_a_canvas():
    figure = Figure(figsize=(2, 1), dpi=10, facecolor="red")
    image = torch_names.img_from_canvas(FigureCanvasAgg(figure))
    assert image.shape == (10, 20, 3)
    assert np.all(image == (255, 0, 0))


def test_the_model_inside_a_wrapper():
    model, holder = nn.Linear(1, 1), nn.Module()
    holder.module = model
    assert torch_names.get_ori_model(holder) is model
    assert torch_names.get_ori_model(model) is model


def test_other_processes_iterate_too(monkeypatch):
    monkeypatch.setattr("mmpretrain.utils.dist.is_main_process", lambda: False)
    assert list(torch_names.track_on_main_process([1, 2], "Reading")) == [1, 2]
