"""A copy of a convolutional network that gives the same scores in less time."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from mmpretrain import ImageClassificationInferencer
from mmpretrain.apis.folded import Folded, fold

from ..contracts.test_backbones import CASES, filled, images, tensors
from .nets import make


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_backbone_gives_the_same(name):
    model, x = filled(name), images(name)
    before = copy.deepcopy(model.state_dict())
    faster = fold(model, lambda net: net(x))
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    if faster is None:
        return
    norms = [sum(isinstance(m, nn.BatchNorm2d) for m in net.modules()) for net in (model, faster)]
    assert norms[1] < norms[0]
    with torch.inference_mode():
        other = x.flip(3)
        for found, expected in zip(tensors(faster(other)), tensors(model(other))):
            torch.testing.assert_close(
                found, expected, atol=1e-3 * max(1, float(expected.abs().max())), rtol=0
            )


@pytest.mark.parametrize("name", ["ResNet", "MobileNetV2", "ShuffleNetV2", "VGG", "EfficientNet", "RegNet"])
def test_usual_networks_have_no_norm_left(name):
    x = images(name)
    faster = fold(filled(name), lambda net: net(x))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in faster.modules())


def test_a_convolution_that_others_use_too_is_left():
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)
            self.norm.running_mean.fill_(3)

        def forward(self, x):
            x = self.conv(x)
            return x + self.norm(x)

    assert fold(Net().eval(), lambda net: net(torch.rand(2, 3, 4, 4))) is None


def batch_of(inferencer, image):
    packed = inferencer.prepare(image)
    return {key: [value] for key, value in packed.items()}


def test_changes_are_seen():
    """Weights, settings, other heads and hooks count at once, although a copy runs."""
    inferencer = ImageClassificationInferencer(make())
    model, image = inferencer.model, np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    inferencer.folded = Folded(model, enough=2)
    expected = [inferencer(image)[0]["pred_scores"] for _ in range(2)]
    found = inferencer(image)[0]["pred_scores"]
    assert inferencer.folded.backbone is not None
    np.testing.assert_allclose(found, expected[0], atol=1e-5)
    with torch.no_grad():
        model.backbone.conv1.weight.mul_(-1)
    changed = inferencer(image)[0]["pred_scores"]
    assert inferencer.folded.backbone is None
    assert np.abs(changed - expected[0]).max() > 1e-4
    inferencer(image), inferencer(image)
    assert inferencer.folded.backbone is not None
    model.head.fc.bias.data[2] = 100
    assert inferencer(image)[0]["pred_label"] == 2
    seen = []
    handle = model.backbone.layer1[0].register_forward_hook(lambda *_: seen.append(1))
    inferencer(image)
    assert seen
    handle.remove()
    model.load_state_dict({key: value * 0 for key, value in model.state_dict().items()})
    np.testing.assert_allclose(inferencer(image)[0]["pred_scores"], 0.25)


def test_models_without_a_backbone():
    net = nn.Linear(2, 2)
    assert Folded(net, enough=0).for_batch({"inputs": [1]}) is net
