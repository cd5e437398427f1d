"""What a forward pass reveals, of each kind of head."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.registry import MODELS
from mmpretrain.uncertainty.evidence import Evidence, Tap, style_of, watched_layers
from tests.apis.nets import BACKBONE

LENET = {
    "type": "ImageClassifier",
    "backbone": {"type": "LeNet5", "num_classes": 10},
    "head": {"type": "ClsHead"},
}
VIT = {"embed_dims": 32, "num_layers": 1, "num_heads": 4, "feedforward_channels": 64}
CASES = {
    "linear": ({"type": "LinearClsHead", "num_classes": 4, "in_channels": 32}, 32),
    "stacked": (
        {"type": "StackedLinearClsHead", "num_classes": 4, "in_channels": 32, "mid_channels": [9]},
        9,
    ),
    "arcface": ({"type": "ArcFaceClsHead", "num_classes": 4, "in_channels": 32}, 32),
}


@pytest.mark.parametrize("name", CASES)
def test_features_are_what_the_last_layer_gets(name):
    head, size = CASES[name]
    neck = {"type": "GlobalAveragePooling"}
    model = MODELS.build({"type": "ImageClassifier", "backbone": BACKBONE, "neck": neck, "head": head}).eval()
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad(), Tap(model) as tap:
        logits = model(images)
    assert torch.equal(tap.logits, logits)
    assert tap.features.shape == (2, size)
    assert not any(layer._forward_hooks for layer in model.modules())


def test_a_head_without_layers():
    """LeNet's last layers are in the backbone."""
    model = MODELS.build(LENET).eval()
    with torch.no_grad(), Tap(model) as tap:
        logits = model(torch.rand(2, 1, 32, 32))
    torch.testing.assert_close(model.backbone.classifier[-1](tap.features), logits)


def test_a_model_without_a_head():
    with pytest.raises(ConfigError, match="no head that classifies"):
        Tap(torch.nn.Linear(2, 2))


def test_styles_by_hand():
    image = torch.tensor([[[[1.0, 3.0], [1.0, 3.0]], [[5.0, 5.0], [5.0, 5.0]]]])
    assert style_of(image).tolist() == [[2, 5, 1, 0]]
    assert style_of(image.flatten(2).transpose(1, 2)).tolist() == [[2, 5, 1, 0]]
    assert style_of(torch.zeros(2, 1000, 3, 3)).shape == (2, 500)


@pytest.mark.parametrize(
    ("backbone", "count"),
    [
        (BACKBONE, 5),
        ({"type": "LeNet5", "num_classes": 10}, 3),
        ({"type": "VisionTransformer", "arch": VIT, "img_size": 32, "patch_size": 16}, 4),
    ],
)
def test_watched_layers(backbone, count):
    model = {"type": "ImageClassifier", "backbone": backbone, "head": {"type": "ClsHead"}}
    built = MODELS.build(model).eval()
    layers = watched_layers(built.backbone)
    assert len(layers) == len(set(layers)) == count
    images = torch.rand(2, 1 if backbone["type"] == "LeNet5" else 3, 32, 32)
    with torch.no_grad(), Tap(built) as tap:
        built.backbone(images)
    assert len(tap._styles) == count


def test_joining():
    parts = [Evidence(torch.ones(n, 2), torch.ones(n, 3), (torch.ones(n, 4),)) for n in (1, 2)]
    joined = Evidence.join(parts)
    assert [len(x) for x in (joined.logits, joined.features, joined.styles[0])] == [3, 3, 3]
    assert joined.take(slice(0, None, 2)).styles[0].shape == (2, 4)
