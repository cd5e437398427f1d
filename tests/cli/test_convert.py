"""``mmpretrain convert``."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.apis import init_model
from mmpretrain.checkpoints.layouts import convert
from mmpretrain.checkpoints.serialization import load, save
from mmpretrain.cli.main import entry_point
from mmpretrain.config import Config
from mmpretrain.models.backbones import ShuffleNetV2

BRANCHES = {"0.conv": "0", "0.bn": "1", "1.conv": "2", "1.bn": "3"}
LONG_BRANCHES = {"0.conv": "0", "0.bn": "1", "1.conv": "3", "1.bn": "4", "2.conv": "5", "2.bn": "6"}

CONFIG = Config(
    {
        "model": {
            "type": "ImageClassifier",
            "backbone": {"type": "ShuffleNetV2", "widen_factor": 0.5},
            "neck": {"type": "GlobalAveragePooling"},
            "head": {"type": "LinearClsHead", "num_classes": 20, "in_channels": 1024},
        }
    }
)


@pytest.fixture
def foreign(tmp_path):
    """A file as torchvision's ShuffleNetV2 is stored, of random weights."""
    weights = {"fc.weight": torch.randn(1000, 1024), "fc.bias": torch.randn(1000)}
    for key, value in ShuffleNetV2(widen_factor=0.5).state_dict().items():
        first, *rest = key.split(".")
        if first == "layers" and rest[0] == "3":
            first, rest = "conv5", rest[1:]
        if first == "layers":
            branch = BRANCHES if rest[2] == "branch1" else LONG_BRANCHES
            name = [f"stage{int(rest[0]) + 2}", rest[1], rest[2], branch[".".join(rest[3:5])], rest[5]]
        else:
            name = [first, {"conv": "0", "bn": "1"}[rest[0]], rest[1]]
        weights[".".join(name)] = torch.randn_like(value) if value.is_floating_point() else value
    path = tmp_path / "torchvision.pth"
    save(weights, path)
    return path


def test_convert(foreign, tmp_path, capsys):
    out = tmp_path / "ours.pth"
    with pytest.raises(SystemExit) as done:
        entry_point(["convert", str(foreign), str(out), "--from", "torchvision"])
    assert done.value.code == 0
    assert (
        "338 tensors (head 2, backbone 336), converted from torchvision/shufflenet_v2."
        in capsys.readouterr().out.replace("\n", " ")
    )
    given, converted = load(foreign), load(out)["state_dict"]
    assert len(converted) == len(given)
    assert torch.equal(converted["head.fc.weight"], given["fc.weight"])
    with pytest.raises(SystemExit) as done:
        entry_point(["convert", str(foreign), str(out)])
    assert done.value.code == 2
    assert "exists" in capsys.readouterr().err


def test_unknown_source(foreign, tmp_path, capsys):
    with pytest.raises(SystemExit) as done:
        entry_point(["convert", str(foreign), str(tmp_path / "out.pth"), "--from", "torchvison"])
    assert done.value.code == 2
    assert "Did you mean 'torchvision'" in capsys.readouterr().err


def test_models_load_foreign_files(foreign, caplog):
    with caplog.at_level("INFO", "mmpretrain"):
        model = init_model(CONFIG, foreign, device="cpu")
    weights = convert(load(foreign)).weights
    assert torch.equal(model.backbone.conv1.conv.weight, weights["backbone.conv1.conv.weight"])
    assert "in the layout torchvision/shufflenet_v2: its keys are translated" in caplog.text
    assert "Loaded 336/338 tensors (backbone 100 %). head.fc re-initialised 1000 -> 20 (exp" in caplog.text


@pytest.mark.parametrize("prefix", [None, "backbone", "backbone."])
def test_init_cfg_takes_foreign_files(foreign, prefix):
    backbone = ShuffleNetV2(
        widen_factor=0.5, init_cfg={"type": "Pretrained", "checkpoint": str(foreign), "prefix": prefix}
    )
    backbone.init_weights()
    weights = convert(load(foreign)).weights
    assert all(torch.equal(v, weights[f"backbone.{k}"]) for k, v in backbone.state_dict().items())
