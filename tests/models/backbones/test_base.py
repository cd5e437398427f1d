"""Tests of :mod:`mmpretrain.models.backbones.base`."""

from __future__ import annotations

import pickle

import pytest
import torch
from torch import nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.registry import MODELS
from tests.models.base.cases import Tiny


class Tinier(Tiny):
    def __init__(self, **kwargs):
        super().__init__(arch="small", **kwargs)


@pytest.mark.parametrize("cls", [Tiny, Tinier])
def test_frozen_stages_stay_frozen(cls):
    model = cls(frozen_stages=1, norm_eval=True).train()
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert frozen == {n for n, _ in model.named_parameters() if n.startswith(("stem", "stages.0"))}
    assert not model.stages[0].training
    assert model.stages[1].training
    assert not model.stages[1][1].training
    assert all(p.requires_grad for p in cls(frozen_stages=-1).parameters())
    assert {n for n, p in cls(frozen_stages=0).named_parameters() if not p.requires_grad} == {
        "stem.weight", "stem.bias"
    }  # fmt: skip


class Old(BaseBackbone):
    """A backbone as it was written for 1.x: it freezes itself."""

    def __init__(self, frozen_stages=-1, init_cfg=None):
        super().__init__(init_cfg)
        self.frozen_stages = frozen_stages
        self.layers = nn.Sequential(*(nn.BatchNorm2d(3) for _ in range(3)))
        self._freeze_stages()

    def _freeze_stages(self):
        for layer in self.layers[: self.frozen_stages]:
            layer.eval()
            layer.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        self._freeze_stages()

    def forward(self, x):
        return (self.layers(x),)


class Thawed(Tiny):
    """A subclass that says otherwise what is frozen, as 1.x let it, and adds a module."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.more = nn.Linear(2, 2)

    def _freeze_stages(self):
        if hasattr(self, "more") and self.frozen_stages > 0:
            self.more.requires_grad_(False)


class Longer(Tiny):
    def _freeze_stages(self):
        super()._freeze_stages()
        self.norm.weight.requires_grad = False


@pytest.mark.parametrize(
    ("cls", "frozen"),
    [
        (Old, {"layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"}),
        (Thawed, {"more.weight", "more.bias"}),
        (Longer, {"stem.weight", "stem.bias", "norm.weight"}
         | {f"stages.{i}.{j}.{name}" for i in range(2) for j in range(2) for name in ("weight", "bias")}),
    ],
)  # fmt: skip
def test_backbones_that_freeze_themselves(cls, frozen):
    model = MODELS.build(dict(type=cls, frozen_stages=2))
    for _ in range(2):
        assert {name for name, p in model.named_parameters() if not p.requires_grad} == frozen
        model.train()


def test_modules_added_after_the_base_class_can_be_frozen():
    assert not MODELS.build(dict(type=Thawed, freeze="more")).more.weight.requires_grad
    model = Thawed(freeze=r"(?i)MORE|^stem")
    assert not model.stem.weight.requires_grad
    assert not model.train().more.weight.requires_grad
    with pytest.raises(ArgumentError, match="finds"):
        MODELS.build(dict(type=Thawed, freeze="less"))
    with pytest.raises(ArgumentError, match="finds"):
        Thawed(freeze="less").train()


def test_a_misspelt_option_is_named():
    with pytest.raises(ArgumentError, match="frozen_stages"):
        MODELS.build(dict(type=Tiny, frozen_stage=1))


def test_arch_and_out_indices():
    assert Tiny("L").stem.out_channels == 4
    assert Tiny({"width": 6}).stem.out_channels == 6
    with pytest.raises(ArgumentError, match="small"):
        Tiny("smal")
    assert Tiny(out_indices=[0, -1]).out_indices == (0, 2)
    with pytest.raises(ArgumentError, match="from 0 to 2"):
        Tiny(out_indices=3)


def test_layer_depth():
    model = Tiny()
    depth = {
        name: model.get_layer_depth("backbone." + name, "backbone.")[0]
        for name, _ in model.named_parameters()
    }
    assert depth["stem.weight"] == 0
    assert depth["stages.2.0.weight"] == 3
    assert depth["norm.weight"] == 4
    assert model.get_layer_depth("head.fc.weight", "backbone.") == (4, 5)


def test_checkpointing_gives_the_same_gradients():
    plain, saving = Tiny(), Tiny(with_cp=True)
    saving.load_state_dict(plain.state_dict())
    grads = []
    for model in (plain, saving):
        model(torch.linspace(0, 1, 24).reshape(2, 3, 2, 2))[0].square().sum().backward()
        grads.append(model.stem.weight.grad)
    torch.testing.assert_close(grads[0], grads[1])


def test_pickle():
    model = pickle.loads(pickle.dumps(Tiny(frozen_stages=1)))
    assert model.frozen_stages == 1
    assert not model.stem.weight.requires_grad
