"""Tests of :mod:`mmpretrain.models.init`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import CheckpointError, ConfigError
from mmpretrain.models.init import bias_init_with_prob, initialize
from mmpretrain.registry import WEIGHT_INITIALIZERS


def test_layer_chooses_by_class_and_direct_base():
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Linear(4, 2))
    before = net[2].weight.clone()
    initialize(net, [
        dict(type="Constant", val=2, bias=3, layer="Conv2d"),
        dict(type="Constant", val=5, layer=["_BatchNorm", "GroupNorm"]),
    ])  # fmt: skip
    assert (net[0].weight == 2).all()
    assert (net[0].bias == 3).all()
    assert (net[1].weight == 5).all()
    assert torch.equal(net[2].weight, before)


def test_override_with_and_without_own_type():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.reg, self.cls = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1), nn.Linear(3, 1)

    net = Net()
    override = [dict(name="reg", type="Constant", val=3, bias=4), dict(name="cls")]
    initialize(net, dict(type="Constant", val=1, bias=2, layer="Conv2d", override=override))
    assert [m.weight.flatten()[0].item() for m in (net.body, net.reg, net.cls)] == [1, 3, 1]
    assert [m.bias[0].item() for m in (net.body, net.reg, net.cls)] == [2, 4, 2]
    with pytest.raises(ConfigError, match="'name'"):
        initialize(net, dict(type="Constant", val=1, override=dict(type="Constant", val=1)))
    with pytest.raises(ConfigError, match="no 'type'"):
        initialize(net, dict(type="Constant", val=1, override=dict(name="reg", val=1)))
    with pytest.raises(RuntimeError, match="no such submodule"):
        initialize(net, dict(type="Constant", val=1, override=dict(name="nope")))


@pytest.mark.parametrize(("cfg", "std", "bound"), [
    (dict(type="Xavier"), (2 / 480) ** 0.5, None),
    (dict(type="Xavier", distribution="uniform", gain=2), 2 * (2 / 480) ** 0.5, 2 * (6 / 480) ** 0.5),
    (dict(type="Normal", mean=0, std=0.3), 0.3, None),
    (dict(type="TruncNormal", std=0.5, a=-0.1, b=0.1), None, 0.1),
    (dict(type="Uniform", a=-2.0, b=2.0), 4 / 12**0.5, 2),
    (dict(type="Kaiming"), (2 / 160) ** 0.5, None),
    (dict(type="Kaiming", mode="fan_in", distribution="uniform"), (2 / 320) ** 0.5, (6 / 320) ** 0.5),
    (dict(type="Caffe2Xavier"), (1 / 320) ** 0.5, (3 / 320) ** 0.5),
])  # fmt: skip
def test_distributions(cfg, std, bound):
    layer = nn.Linear(320, 160)
    torch.manual_seed(0)
    initialize(layer, dict(cfg, layer="Linear", bias_prob=0.01))
    if std is not None:
        assert layer.weight.std().item() == pytest.approx(std, rel=0.02)
    if bound is not None:
        assert layer.weight.abs().max().item() <= bound
    assert layer.bias[0].item() == pytest.approx(bias_init_with_prob(0.01))
    assert torch.sigmoid(layer.bias[0]).item() == pytest.approx(0.01)


def test_initializers_reject_nonsense():
    for bad in (dict(bias="x"), dict(bias_prob=1), dict(layer=3), dict(distribution="cauchy")):
        with pytest.raises((TypeError, ValueError)):
            WEIGHT_INITIALIZERS.build(dict(type="Xavier", **bad))
    with pytest.raises(TypeError, match="init_cfg"):
        initialize(nn.Linear(1, 1), "Kaiming")


def test_a_prefix_that_weights_of_the_module_alone_lack(tmp_path):
    net, path = nn.Sequential(nn.Linear(3, 2)), str(tmp_path / "w.pth")
    pretrained = dict(type="Pretrained", checkpoint=path, prefix="backbone.")
    torch.save({"0.weight": torch.ones(2, 3), "0.bias": torch.ones(2)}, path)
    initialize(net, pretrained)
    assert (net[0].weight == 1).all()
    torch.save({"1.weight": torch.ones(2, 3)}, path)
    with pytest.raises(CheckpointError, match=r"No weight in .* has the prefix 'backbone\.'"):
        initialize(net, pretrained)
