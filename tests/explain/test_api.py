"""Explanations from model and image, compared with the numbers of 1.x (grad-cam 1.4.8)."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mmpretrain.errors import ConfigError
from mmpretrain.explain import Explanation, explain, methods
from mmpretrain.explain.engine import Engine
from mmpretrain.registry import MODELS

from .nets import build, cells, classifier, filled, picture

FACTS = Path(__file__).parent.parent / "facts" / "cam.json.gz"
RECORDED = json.loads(gzip.decompress(FACTS.read_bytes()))

#: Where 1.x looks at a layer that cannot be right, see COMPAT.md.
WRONG_LAYER = ("deit_tiny_avg.", "convnext.GradCAM.128x128.")

model_of = cache(build)


def small_resnet() -> nn.Module:
    return filled(MODELS.build(classifier({"type": "ResNet", "depth": 18, "base_channels": 4}, 32)))


def small_vit() -> nn.Module:
    arch = {"embed_dims": 32, "num_layers": 3, "num_heads": 2, "feedforward_channels": 64}
    backbone = {"type": "VisionTransformer", "arch": arch, "img_size": 64, "patch_size": 16}
    return filled(MODELS.build(classifier(backbone, 32, "VisionTransformerClsHead", pooled=True)))


def explained(name: str, **changes) -> Explanation:
    case = RECORDED[name]["case"]
    options = {
        "method": case["method"],
        "target": case.get("category", [None])[0],
        "target_layers": case.get("target_layers", ()),
        "eigen_smooth": case.get("eigen_smooth", False),
        "aug_smooth": case.get("aug_smooth", False),
        "num_extra_tokens": case.get("num_extra_tokens"),
        **changes,
    }
    return explain(model_of(case["net"]), picture(*case["size"], case["seed"]), **options)


@pytest.mark.parametrize("name", [name for name, row in RECORDED.items() if "error" not in row])
def test_maps_of_1x(name, monkeypatch):
    row = RECORDED[name]
    layers = {"target_layers": row["target_layers"]} if name.startswith(WRONG_LAYER[0]) else {}
    if name == WRONG_LAYER[1]:
        pytest.skip("the map of 1.x is empty")
    result = explained(name, **layers)
    assert list(result.layers) == row["target_layers"]
    assert result.predicted == row["predicted"]
    assert result.map.shape == tuple(row["map"]["shape"])
    found = [np.abs(cells(result.map) - np.array(row["map"]["cells"])).max()]
    if "other_sign" in row:
        found.append(np.abs(cells(result.map) - np.array(row["other_sign"]["cells"])).max())
    elif row["case"].get("aug_smooth"):  # a component may point either way: for all versions at once, here
        right = methods.first_component
        monkeypatch.setattr(methods, "first_component", lambda values: -right(values))
        found.append(np.abs(cells(explained(name).map) - np.array(row["map"]["cells"])).max())
    if name == "deit_tiny.XGradCAM.both":  # there, not for all versions alike
        assert min(found) < 0.25
    else:
        assert min(found) < 1e-3


def test_components_point_the_way_of_the_activations():
    """1.x takes the sign that the linear algebra library happens to give."""
    values = torch.rand(2, 7, 4, 5, generator=torch.Generator().manual_seed(0))
    values[:, :, 1, 2] += 5
    maps = methods.first_component(values)
    assert maps.flatten(1).argmax(1).tolist() == [7, 7]
    flipped = methods.first_component(-values)
    assert flipped.flatten(1).argmin(1).tolist() == [7, 7]
    torch.testing.assert_close(flipped, -maps)


def test_convnext_is_explained_before_pooling():
    """1.x looks at the norm after pooling, whose map is empty."""
    result = explained("convnext.GradCAM.128x128.")
    assert RECORDED["convnext.GradCAM.128x128."]["map"]["max"] == 0
    assert result.layers == ("backbone.stages.3",)
    assert not result.is_empty


def test_average_of_patches_is_explained_after_the_last_layer():
    """1.x looks at the last layer before the attention, as if there was a class token only."""
    result = explained("deit_tiny_avg.GradCAM")
    assert result.layers == ("backbone.ln1",)
    assert not result.is_empty


@pytest.mark.parametrize(("net", "grid"), [("deit_tiny", (6, 10)), ("swin", (3, 5))])
def test_images_that_are_not_square(net, grid):
    """1.x refuses them, or takes a square number of tokens for a square grid."""
    model = model_of(net)
    size = (96, 160)
    result = explain(model, picture(*size, 1))
    assert result.map.shape == size
    assert explain(model, picture(*size[::-1], 1)).map.shape == size[::-1]
    (view,) = Engine(model)._views(picture(*size, 1), None).values()
    assert view.activations.shape[2:] == grid


def test_tokens_need_no_option():
    """1.x wants --vit-like."""
    assert "vit-like" in RECORDED["deit_tiny.GradCAM.96x96."]["error"]
    with_option = np.array(RECORDED["deit_tiny.GradCAM"]["map"]["cells"])
    assert np.abs(cells(explained("deit_tiny.GradCAM.96x96.").map) - with_option).max() < 1e-3


def test_a_wrong_number_of_extra_tokens():
    with pytest.raises(ConfigError, match="2 extra tokens"):
        explained("deit_tiny.GradCAM.96x96.vit_like=True,num_extra_tokens=2")


# -- what comes back ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", methods.METHODS)
def test_every_method(method):
    model = small_vit() if method == "rollout" else small_resnet()
    result = explain(model, picture(64, 96, 2), method, measure=True)
    assert result.map.shape == (64, 96)
    assert 0 <= result.map.min() <= result.map.max() <= 1
    assert -0.5 <= result.faithfulness <= 0.5
    assert np.asarray(result).shape == (64, 96)
    assert result.image.shape == (64, 96, 3)


def test_auto_keeps_the_most_faithful():
    model, image = small_vit(), picture(64, 96, 1)
    best = explain(model, image, "auto")
    assert set(best.others) | {best.method} == {*methods.METHODS} - {"scorecam", "ablationcam"}
    assert best.faithfulness >= max(best.others.values())
    again = explain(model, image, best.method, measure=True)
    assert again.faithfulness == pytest.approx(best.faithfulness, abs=1e-6)
    np.testing.assert_allclose(best.map, again.map, atol=1e-6)


def test_several_targets_and_images():
    model = model_of("mobilenet_v2")
    images = torch.cat([picture(64, 64, 1), picture(64, 64, 2)])
    results = explain(model, images, target=[1, 4])
    assert [result.target for result in results] == [1, 4, 1, 4]
    alone = explain(model, images[1], target=4)
    np.testing.assert_allclose(results[3].map, alone.map, atol=1e-6)


def test_several_layers_are_averaged():
    model, image = model_of("resnet18"), picture(64, 64, 1)
    names = ["backbone.layer3", "backbone.layer4[1].bn2"]
    result = explain(model, image, target_layers=names)
    assert result.layers == ("backbone.layer3", "backbone.layer4.1.bn2")


def test_frozen_and_training_models_are_left_as_they_are():
    model = build("resnet18")
    before = explain(model, picture(64, 64, 1)).map
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.train()
    with torch.inference_mode():
        after = explain(model, picture(64, 64, 1)).map
    assert model.training
    assert model.backbone.layer1.training
    assert all(parameter.grad is None for parameter in model.parameters())
    np.testing.assert_allclose(after, before, atol=1e-6)


def test_one_of_several_tasks():
    heads = {
        "colour": {"type": "LinearClsHead", "num_classes": 3},
        "shape": {"type": "LinearClsHead", "num_classes": 4},
    }
    head = {"type": "MultiTaskHead", "task_heads": heads, "in_channels": 32}
    backbone = {"type": "ResNet", "depth": 18, "base_channels": 4}
    model = filled(MODELS.build({**classifier(backbone, 32), "head": head}))
    with pytest.raises(ConfigError, match="several tasks"):
        explain(model, picture(64, 64, 1))
    assert explain(model, picture(64, 64, 1), task="shape", target=3, measure=True).target == 3
    with pytest.raises(ConfigError, match="no task 'size'"):
        explain(model, picture(64, 64, 1), task="size")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "gradcams"}, "'gradcam'"),
        ({"target": 10}, "from 0 to 9"),
        ({"target": "cat"}, "no class names"),
        ({"target_layers": ["backbone.layer5"]}, "layer 'backbone.layer5'"),
        ({"target_layers": ["head.fc"]}, "no map of an image"),
        ({"method": "rollout"}, "attention rollout needs"),
    ],
)
def test_mistakes(options, message):
    with pytest.raises(ConfigError, match=message):
        explain(model_of("resnet18"), picture(64, 64, 1), **options)


def test_a_model_without_scores():
    model = MODELS.build(
        {"type": "ImageClassifier", "backbone": {"type": "ResNet", "depth": 18, "base_channels": 4}}
    )
    with pytest.raises(ConfigError, match="no scores"):
        explain(model, picture(64, 64, 1))
