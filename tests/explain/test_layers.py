"""The layer and its grid are right for every backbone, whatever it puts out, square images or not."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.explain.engine import Engine
from mmpretrain.explain.layers import candidates, named_layers
from mmpretrain.registry import MODELS

from ..contracts.test_backbones import CASES, tensors
from .nets import build, classifier, filled, picture

#: Families whose output is smaller than the map of their last layer before pooling.
POOLED = {"VGG"}

#: How much larger images are than in the contract, so that the grid has several places.
SCALE = {32: 2, 64: 2, 75: 2}


class Net(nn.Module):
    """A backbone and random scores on what it puts out last."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Identity()

    def forward(self, x: Tensor, mode: str = "tensor") -> Tensor:
        last = self.backbone(x)[-1]
        parts = [t.mean((2, 3)) if t.ndim == 4 else t.mean(1) if t.ndim == 3 else t for t in tensors(last)]
        features = torch.cat(parts, 1)
        weights = torch.randn(features.shape[1], 5, generator=torch.Generator().manual_seed(0))
        return features @ weights


def out_types(name: str) -> list[str | None]:
    parameters = inspect.signature(MODELS.get(name)).parameters
    known = getattr(MODELS.get(name), "OUT_TYPES", {"cls_token", "avg_featmap", "featmap", "raw"})
    return sorted(known - {"class_token"}) if "out_type" in parameters else [None]


def net(name: str, out_type: str | None, size: tuple[int, int]) -> Net:
    options: dict[str, Any] = dict(CASES[name].args)
    parameters = inspect.signature(MODELS.get(name)).parameters
    if "img_size" in parameters:
        options["img_size"] = size
    if out_type is not None:
        options["out_type"] = out_type
        if out_type == "cls_token" and "with_cls_token" in parameters:
            options["with_cls_token"] = True
    torch.manual_seed(0)
    return Net(filled(MODELS.build({"type": name, **options})))  # type: ignore[return-value]


KINDS = [(name, out_type) for name in sorted(CASES) for out_type in out_types(name)]


@pytest.mark.parametrize(("name", "out_type"), KINDS)
@pytest.mark.parametrize(
    "shape", ["wide", *(pytest.param(s, marks=pytest.mark.slow) for s in ("square", "tall"))]
)
def test_layer_and_grid_of_every_backbone(name, out_type, shape):
    case = CASES[name]
    side = case.size * SCALE.get(case.size, 1)
    size = {"square": (side, side), "tall": (side * 3 // 2, side), "wide": (side, side * 3 // 2)}[shape]
    x = torch.rand(1, case.channels, *size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    try:
        model = net(name, out_type, size)
        with torch.no_grad():
            last = model.backbone(x)[-1]
    except Exception as error:
        if shape == "square" and "img_size" in inspect.signature(MODELS.get(name)).parameters:
            raise
        pytest.skip(f"takes no such images: {error}")
    (view,) = Engine(model)._views(x, 0).values()
    h, w = view.layout.grid
    assert view.activations.shape[2:] == (h, w)
    assert h * w > 1
    # Of maps that are pooled by their maximum, only the largest values count.
    share = 0.1 if name == "AirbenchNet" else 0.5
    assert (view.gradients != 0).flatten(2).any(1).float().mean() > share
    stride = (size[0] / h, size[1] / w)
    assert 0.6 < stride[0] / stride[1] < 1.67
    maps = [t for t in tensors(last) if t.ndim == 4 and t.shape[2:].numel() > 1]
    if maps and name not in POOLED:
        assert any(t.shape[2:] == (h, w) for t in maps)


def test_a_norm_in_one_of_several_branches_is_not_taken():
    backbone = {"type": "RepVGG", "arch": "A0", "base_channels": 8}
    model = filled(MODELS.build(classifier(backbone, 160)))
    engine = Engine(model)
    engine._views(picture(64, 64, 1), None)
    assert engine.chosen == ("backbone.ppf",)


def test_a_network_without_declarations():
    class Backbone(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3, stride=4)
            self.act = nn.ReLU()

        def forward(self, x: Tensor) -> tuple[Tensor]:
            return (self.act(self.conv(x)),)

    engine = Engine(Net(Backbone()).eval())
    engine._views(torch.rand(1, 3, 32, 48), 0)
    assert engine.chosen == ("backbone.act",)


def test_names():
    model = build("resnet18")
    assert list(named_layers(model, ["model.backbone.layer4[1]", "backbone.layer3"])) == [
        "backbone.layer4.1",
        "backbone.layer3",
    ]
    with pytest.raises(ConfigError, match=r"Did you mean .*backbone\.layer4\.1\.bn2"):
        named_layers(model, ["backbone.layer4.1.bn4"])
    assert "backbone.layer4.1.bn2" in candidates(model)[0]


def test_a_network_that_ends_in_one_place():
    """LeNet has no norm, and its only stage ends in a map of 1x1."""
    model = MODELS.build(
        {
            "type": "ImageClassifier",
            "backbone": {"type": "LeNet5", "num_classes": 10},
            "head": {"type": "ClsHead"},
        }
    ).eval()
    engine = Engine(model)
    engine._views(torch.rand(1, 1, 32, 32), 0)
    assert engine.chosen == ("backbone.features.5",)
