"""Loading weights: what fits is copied, and the report says what became of the rest."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import CheckpointError
from mmpretrain.utils.loading import load_into


class Net(nn.Module):
    def __init__(self, classes=4):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
        self.head = nn.ModuleDict({"fc": nn.Linear(8, classes)})


def test_everything_fits():
    source, target = Net(), Net()
    report = load_into(target, source.state_dict(), strict=True)
    assert all(torch.equal(a, b) for a, b in zip(source.state_dict().values(), target.state_dict().values()))
    assert report.summary() == "Loaded 9/9 tensors (backbone 100 %, head 100 %)."


def test_another_number_of_classes():
    source, target = Net(1000), Net(20)
    before = target.head["fc"].weight.clone()
    report = load_into(target, source.state_dict())
    assert torch.equal(target.head["fc"].weight, before)
    assert torch.equal(target.backbone[0].weight, source.backbone[0].weight)
    assert report.summary().splitlines() == [
        "Loaded 7/9 tensors (backbone 100 %, head 0 %).",
        "head.fc keeps its initial values: 1000 -> 20 (expected when fine-tuning).",
    ]


def test_missing_and_unexpected():
    state = Net().state_dict()
    del state["head.fc.bias"]
    state["neck.weight"] = torch.zeros(1)
    report = load_into(Net(), state)
    assert (report.missing, report.unexpected) == (["head.fc.bias"], ["neck.weight"])
    with pytest.raises(CheckpointError, match="does not fit the model"):
        load_into(Net(), state, strict=True)


def test_the_wrapper_prefix_is_dropped():
    state = {f"module.{key}": value for key, value in Net().state_dict().items()}
    assert len(load_into(Net(), state).loaded) == 9


@pytest.mark.parametrize(
    ("rename", "advice"),
    [
        (lambda key: "encoder." + key, "Its keys begin with 'encoder.'"),
        (lambda key: key.removeprefix("backbone."), "Its keys lack the prefix 'backbone.'"),
        (lambda key: "zzz." + key, "It holds e.g. 'zzz.backbone.0.weight'"),
    ],
)
def test_almost_nothing_fits(rename, advice):
    state = {rename(key): value for key, value in Net().backbone.state_dict(prefix="backbone.").items()}
    with pytest.raises(CheckpointError, match=advice):
        load_into(Net(), state, source="w.pth")


def test_modules_may_convert_what_they_load():
    net = Net()

    def convert(state_dict, prefix, *_):
        state_dict[prefix + "weight"] = state_dict.pop(prefix + "kernel")

    net.backbone[0]._register_load_state_dict_pre_hook(convert)
    state = Net().state_dict()
    state["backbone.0.kernel"] = state.pop("backbone.0.weight")
    assert len(load_into(net, state, strict=True).loaded) == 9
    assert "backbone.0.kernel" in state
