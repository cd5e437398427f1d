"""Loading weights: what fits is copied, and the report says what became of the rest."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn

from mmpretrain.checkpoints.fitting import load_into
from mmpretrain.errors import CheckpointError


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
    assert report.summary() == (
        "Loaded 7/9 tensors (backbone 100 %). head.fc re-initialised 1000 -> 20 (expected when fine-tuning)."
    )


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (nn.Linear(16, 20), "head.fc re-initialised 1000 -> 20, 8 -> 16 (expected when fine-tuning)."),
        (nn.Linear(16, 1000), "Re-initialised: head.fc 8 -> 16."),
        (nn.Conv2d(8, 1000, 1), "Re-initialised: head.fc (1000, 8) -> (1000, 8, 1, 1)."),
    ],
)
def test_what_differs_is_said(layer, expected):
    target = Net(1000)
    target.head["fc"] = layer
    summary = load_into(target, Net(1000).state_dict()).summary()
    assert summary.endswith(f"). {expected}")


def test_weights_for_other_images_are_adapted():
    target = Net()
    target.backbone[0] = nn.Conv2d(1, 8, 3)
    summary = load_into(target, Net().state_dict()).summary()
    assert summary == (
        "Loaded 9/9 tensors (backbone 100 %, head 100 %). "
        "Adapted to the model's images: backbone.0.weight 3 -> 1 channels (summed)."
    )


def test_resized_tensors_are_counted():
    target = nn.ModuleDict({name: Net() for name in "ab"})

    def crop(state_dict, prefix, *_):
        state_dict[prefix + "0.weight"] = state_dict[prefix + "0.weight"][:, :3]

    state = target.state_dict()
    for name, net in target.items():
        net.backbone._register_load_state_dict_pre_hook(crop)
        state[f"{name}.backbone.0.weight"] = torch.zeros(8, 4, 3, 3)
    assert load_into(target, state, strict=True).summary() == (
        "Loaded 18/18 tensors (a 100 %, b 100 %). "
        "Resized to the model's input size: a.backbone.0.weight 4 -> 3 and 1 more."
    )


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
        (lambda key: "encoder." + key, "begin with 'encoder.': with init_cfg=dict(type='Pretrained', "
         "checkpoint=..., prefix='encoder.'), 7 tensors fit."),
        (lambda key: "ema_model.module." + key, "prefix='ema_model.module.'), 7 tensors fit."),
        (lambda key: key.replace("backbone", "encoder_q"), "'encoder_q.': with model.backbone.init_cfg="),
        (lambda key: key.replace(".", "_"), "It holds e.g. 'backbone_0_weight', the model wants e.g. "),
    ],
)  # fmt: skip
def test_almost_nothing_fits(rename, advice):
    state = {rename(key): value for key, value in Net().backbone.state_dict(prefix="backbone.").items()}
    with pytest.raises(CheckpointError, match=re.escape(advice)):
        load_into(Net(), state, source="w.pth")


def test_a_backbone_that_was_saved_alone():
    source, target = Net(), Net()
    report = load_into(target, source.backbone.state_dict(), source="w.pth")
    assert set(report.missing) == {"head.fc.weight", "head.fc.bias"}
    assert not report.unexpected
    for key, value in source.backbone.state_dict().items():
        assert torch.equal(target.backbone.state_dict()[key], value)


def test_all_sizes_differ():
    target = nn.Sequential(nn.Linear(4, 3, bias=False))
    with pytest.raises(CheckpointError, match=r"Sizes differ: 0\.weight 5 -> 3, 9 -> 4\."):
        load_into(target, {"0.weight": torch.zeros(5, 9)}, source="w.pth")


def test_modules_may_convert_what_they_load():
    net = Net()

    def convert(state_dict, prefix, *_):
        state_dict[prefix + "weight"] = state_dict.pop(prefix + "kernel")

    net.backbone[0]._register_load_state_dict_pre_hook(convert)
    state = Net().state_dict()
    state["backbone.0.kernel"] = state.pop("backbone.0.weight")
    assert len(load_into(net, state, strict=True).loaded) == 9
    assert "backbone.0.kernel" in state
