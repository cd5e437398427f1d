"""Muon for filters and matrices, SGD for the rest."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.engine.optimizers import MuonSGD, build_optim_wrapper
from mmpretrain.engine.optimizers.muon_sgd import orthogonalized
from mmpretrain.errors import ConfigError


@pytest.mark.parametrize("shape", [(8, 20), (20, 8), (12, 12)])
def test_singular_values_come_close_to_one(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    result = orthogonalized(matrix)
    values = torch.linalg.svdvals(result)
    assert 0.5 < values.min() <= values.max() < 1.3
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    alignment = (result * (left @ right)).sum() / result.norm() / (left @ right).norm()
    assert alignment > 0.97


def test_a_matrix_moves_as_by_muon_of_torch():
    """torch's adjusts the rate by the shape, which is 1 for wide matrices, and its momentum is an average."""
    torch.manual_seed(0)
    ours, theirs = (nn.Parameter(torch.ones(6, 10)) for _ in range(2))
    first = MuonSGD([ours], lr=0.02, momentum=0.9)
    second = torch.optim.Muon([theirs], lr=0.02, momentum=0.9, weight_decay=0.0)
    for _ in range(3):
        ours.grad = torch.randn(6, 10)
        theirs.grad = ours.grad.clone()
        first.step()
        second.step()
    assert (ours - theirs).abs().max() < 2e-3  # torch's works in bfloat16
    assert (ours - 1).abs().max() > 0.02


def test_the_rest_moves_as_by_sgd():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(4, 3))
    wrapper = build_optim_wrapper(
        model,
        dict(
            optimizer=dict(type="MuonSGD", lr=0.1, momentum=0.6, sgd_momentum=0.9, weight_decay=0.01),
            paramwise_cfg=dict(custom_keys={"2.weight": dict(orthogonalize=False, lr_mult=2.0)}),
        ),
    )
    plain = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(4, 3))
    plain.load_state_dict(model.state_dict())
    reference = [
        torch.optim.SGD([plain[0].bias, plain[2].bias], 0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        torch.optim.SGD([plain[2].weight], 0.2, momentum=0.9, nesterov=True, weight_decay=0.01),
    ]
    for _ in range(3):
        images = torch.randn(5, 2, 3, 3)
        plain.load_state_dict({"0.weight": model[0].weight}, strict=False)
        wrapper.update_params(model(images).square().mean())
        plain.zero_grad()
        plain(images).square().mean().backward()
        for optimizer in reference:
            optimizer.step()
    for name in ("0.bias", "2.weight", "2.bias"):
        torch.testing.assert_close(model.get_parameter(name), plain.get_parameter(name))


def test_weights_keep_the_norm_of_orthonormal_rows():
    weight = nn.Parameter(torch.randn(6, 3, 2, 2))
    weight.grad = torch.randn_like(weight)
    MuonSGD([weight], lr=0.1, normalize_weights=True).step()
    assert float(weight.detach().norm()) == pytest.approx(6**0.5, rel=1e-5)


def test_a_gradient_of_zero_changes_nothing():
    weight = nn.Parameter(torch.randn(3, 4))
    before = weight.detach().clone()
    weight.grad = torch.zeros_like(weight)
    MuonSGD([weight], lr=0.1).step()
    assert torch.equal(weight, before)


def test_mistakes():
    with pytest.raises(ConfigError, match="MuonSGD needs a lr of at least 0"):
        MuonSGD([nn.Parameter(torch.ones(2, 2))], lr=-1)
