"""The backward pass of reversible Vision Transformers."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import RevVisionTransformer
from mmpretrain.models.layers import DropPath

ARCH = {"embed_dims": 16, "num_layers": 3, "num_heads": 2, "feedforward_channels": 32}


def model(**kwargs):
    torch.manual_seed(0)
    net = RevVisionTransformer(ARCH, img_size=32, patch_size=8, **kwargs).double()
    net.init_weights()
    return net.train()


@pytest.mark.parametrize("rates", [{}, {"drop_path_rate": 0.5, "drop_rate": 0.2}])
def test_gradients_are_those_of_a_usual_backward_pass(rates):
    x = torch.rand(4, 3, 32, 32, dtype=torch.float64)
    grads, after = [], []
    for plain in (False, True):
        net = model(**rates, no_custom_backward=plain)
        torch.manual_seed(1)
        net(x)[0].square().sum().backward()
        after.append(torch.rand(1))
        grads.append([p.grad for p in net.parameters()])
    for a, b in zip(*grads):
        torch.testing.assert_close(a, b)
    assert torch.equal(*after)  # the random state continues as if nothing was computed twice


def test_frozen_layers_get_no_gradients():
    net = model(frozen_stages=2)
    net(torch.rand(2, 3, 32, 32, dtype=torch.float64))[0].sum().backward()
    assert {name for name, p in net.named_parameters() if p.grad is None} == {
        name for name, p in net.named_parameters() if not p.requires_grad
    }


def test_stochastic_depth_stops_in_evaluation():
    net = model(drop_path_rate=0.9).eval()
    x = torch.rand(2, 3, 32, 32, dtype=torch.float64)
    assert torch.equal(net(x)[0], net(x)[0])
    assert any(module.drop_prob for module in net.modules() if isinstance(module, DropPath))


def test_an_unknown_fusion_is_named():
    with pytest.raises(ArgumentError, match="fusion_mode"):
        model(fusion_mode="sum")
