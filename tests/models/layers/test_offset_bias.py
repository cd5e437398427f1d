"""Biases by distance."""

from __future__ import annotations

import copy

import pytest
import torch

from mmpretrain.errors import ArgumentError
from mmpretrain.models.layers.offset_bias import OffsetBiasAttention, attend, offset_index


def module(grid: tuple[int, int] = (2, 3), stride: int = 1) -> OffsetBiasAttention:
    made = OffsetBiasAttention(2, grid, stride)
    torch.nn.init.normal_(made.attention_biases, generator=torch.Generator().manual_seed(0))
    return made


def test_index_is_rows_apart_then_columns_apart():
    assert offset_index((2, 3)).tolist() == [
        [0, 1, 2, 3, 4, 5],
        [1, 0, 1, 4, 3, 4],
        [2, 1, 0, 5, 4, 3],
        [3, 4, 5, 0, 1, 2],
        [4, 3, 4, 1, 0, 1],
        [5, 4, 3, 2, 1, 0],
    ]
    assert offset_index((3, 3), stride=2).shape == (4, 9)
    assert offset_index((3, 3), stride=2)[1].tolist() == [2, 1, 0, 5, 4, 3, 8, 7, 6]


def test_a_smaller_map_has_the_same_biases():
    made = module((3, 4))
    every = made.bias().view(2, 3, 4, 3, 4)
    torch.testing.assert_close(made.bias((2, 3)), every[:, :2, :3, :2, :3].reshape(2, 6, 6))
    with pytest.raises(ArgumentError, match="3×4, not for one of 4×4"):
        made.bias((4, 4))


def test_the_bias_follows_the_parameter():
    made = module().eval()
    before = made.bias()
    made.load_state_dict({**made.state_dict(), "attention_biases": torch.ones(2, 6)})
    assert made.bias().eq(1).all()
    assert copy.deepcopy(made).train().eval().bias().eq(1).all()
    assert made.double().bias().dtype == torch.float64
    assert not before.eq(1).all()


def test_gradients_reach_the_parameter_in_evaluation_mode():
    made = module().eval()
    with torch.no_grad():
        assert made.bias() is made.evaluation_bias
    made.bias().sum().backward()
    assert made.attention_biases.grad.tolist() == [[6, 8, 4, 6, 8, 4]] * 2
    assert made.train().evaluation_bias is None
    assert "evaluation_bias" not in made.state_dict()


@pytest.mark.parametrize("width", [4, 6])
@pytest.mark.parametrize("grad", [False, True])
def test_attention_is_the_formula(width, grad):
    g = torch.Generator().manual_seed(0)
    q, k, v = (torch.rand(1, 2, 6, n, generator=g) for n in (4, 4, width))
    bias = module().bias() if grad else module().bias().detach()
    weights = (q @ k.transpose(2, 3) * 0.5 + bias).softmax(-1)
    torch.testing.assert_close(attend(q, k, v, bias, 0.5), (weights @ v).transpose(1, 2).flatten(2))
