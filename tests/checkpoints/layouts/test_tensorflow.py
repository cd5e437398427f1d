"""EfficientNet as its authors saved it, against the converter of mmpretrain 1.2 (run without TensorFlow).

The data file holds the names and shapes of variables, and the keys, shapes and checksums of what the original
made of them when they were filled by :func:`filled`.
"""

from __future__ import annotations

import gzip
import json
import math
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from mmpretrain.checkpoints import layouts
from mmpretrain.cli.main import entry_point
from mmpretrain.errors import OptionalDependencyError

with gzip.open(Path(__file__).parent / "data" / "tensorflow_efficientnet.json.gz") as file:
    RUNS = json.load(file)


def filled(name: str, shape: list[int]) -> Tensor:
    numbers = torch.arange(math.prod(shape)) * 7 + zlib.crc32(name.encode())
    return (numbers % 97).float().reshape(shape)


def checksum(x: Tensor) -> int:
    """A number that changes with the order of the elements."""
    values = x.flatten().double()
    return int((values * (torch.arange(len(values)) % 13)).sum())


def given(arch: str) -> dict[str, Tensor]:
    return {name: filled(name, shape) for name, shape in RUNS[arch]["given"].items()}


@pytest.mark.parametrize("arch", RUNS)
def test_weights_equal_those_of_the_original_converter(arch):
    converted = layouts.convert(given(arch))
    assert converted.layout.name == "tensorflow/efficientnet"
    ours = {key: [list(value.shape), checksum(value)] for key, value in converted.weights.items()}
    assert ours == RUNS[arch]["converted"]


def test_averages_take_the_place_of_weights():
    weights = given("b0")
    (name,) = (name for name in weights if name.endswith("/ExponentialMovingAverage"))
    averaged = layouts.convert(weights, "tensorflow-averages").weights
    plain = layouts.convert(weights).weights
    assert torch.equal(averaged["backbone.layers.0.conv.weight"], weights[name].permute(3, 2, 0, 1))
    assert [key for key in plain if not torch.equal(plain[key], averaged[key])] == [
        "backbone.layers.0.conv.weight"
    ]


def test_files_are_read_with_tensorflow(tmp_path, monkeypatch, capsys):
    weights = given("b0")
    reader = SimpleNamespace(
        get_variable_to_shape_map=lambda: {name: x.shape for name, x in weights.items()},
        get_tensor=lambda name: weights[name].numpy(),
    )
    train = SimpleNamespace(load_checkpoint={str(tmp_path / "model.ckpt"): reader}.__getitem__)
    (tmp_path / "model.ckpt.index").touch()
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(OptionalDependencyError, match="pip install tensorflow"):
        layouts.tensorflow.read(str(tmp_path / "model.ckpt"))
    monkeypatch.setitem(sys.modules, "tensorflow", SimpleNamespace(train=train))
    for name in ("model.ckpt", "model.ckpt.index"):
        with pytest.raises(SystemExit, match="0"):
            entry_point(["convert", str(tmp_path / name), str(tmp_path / "out.pth"), "--force"])
    assert "311 tensors (backbone 309, head 2)" in capsys.readouterr().out
    assert len(torch.load(tmp_path / "out.pth", weights_only=True)["state_dict"]) == 311
