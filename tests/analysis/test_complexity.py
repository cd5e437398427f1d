"""Costs of operators and modules, against formulas and against MMPretrain 1.2's counter."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmpretrain.analysis.complexity import count, get_model_complexity_info, short, table


class Attention(nn.Module):
    def __init__(self, fused):
        super().__init__()
        self.qkv = nn.Linear(8, 24)
        self.fused = fused

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(2, (3, 2, 4)).permute(2, 0, 3, 1, 4)
        if self.fused:
            return F.scaled_dot_product_attention(q, k, value=v)
        return (q @ k.transpose(2, 3)).softmax(3) @ v


CASES = {
    "convolution": (nn.Conv2d(3, 4, 3, bias=False), (3, 8, 8), 6 * 6 * 4 * 27),
    "groups and stride": (nn.Conv2d(4, 8, 3, stride=2, groups=2), (4, 9, 9), 4 * 4 * 8 * 2 * 9),
    "transposed": (nn.ConvTranspose2d(3, 4, 2, stride=2), (3, 5, 5), 25 * 3 * 4 * 4),
    "linear": (nn.Linear(6, 5), (7, 6), 7 * 6 * 5),
    "linear without bias": (nn.Linear(6, 5, bias=False), (7, 6), 7 * 6 * 5),
    "batch norm": (nn.BatchNorm2d(3), (3, 4, 4), 2 * 48),
    "batch norm without weights": (nn.BatchNorm2d(3, affine=False), (3, 4, 4), 48),
    "layer norm": (nn.LayerNorm(6), (7, 6), 5 * 42),
    "group norm": (nn.GroupNorm(1, 4), (4, 3, 3), 5 * 36),
    "global pooling": (nn.AdaptiveAvgPool2d(1), (3, 4, 4), 48),
    "pooling": (nn.AdaptiveAvgPool2d(2), (3, 4, 4), 48),
    "resizing": (nn.Upsample(scale_factor=2, mode="bilinear"), (3, 4, 4), 4 * 3 * 64),
}


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("case", CASES)
def test_operators(case, device):
    module, shape, expected = CASES[case]
    module = module.to(device)
    found = count(module.eval(), lambda: module(torch.zeros(1, *shape, device=device)))[""]
    assert found.flops == expected


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_attention_costs_the_same_however_it_is_computed(device):
    both = [
        count(model, lambda model=model: model(torch.zeros(2, 10, 8, device=device)))[""]
        for model in (Attention(True).to(device), Attention(False).to(device))
    ]
    assert both[0].flops == both[1].flops == 2 * 10 * 8 * 24 + 2 * 2 * 2 * 10 * 10 * 4
    assert both[0].attention == 2 * 2 * 2 * 10 * 10 * 4


def test_costs_belong_to_modules_and_those_around_them():
    model = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)), nn.Flatten(), nn.Linear(16, 2)
    )
    costs = count(model.eval(), lambda: model(torch.zeros(1, 3, 2, 2)))
    assert costs["0.0"].flops == 48
    assert costs["0"].flops == 48 + 32
    assert costs["2"].flops == 32
    assert costs[""].flops == 112
    assert (costs["0"].params, costs[""].params, costs[""].activations) == (24, 58, 16 + 2)


def test_parts_that_are_called_around_their_parent_count_there():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.ModuleDict({"fc": nn.Linear(3, 2)})

        def forward(self, x):
            return self.head["fc"](x)

    model = Model()
    costs = count(model, lambda: model(torch.zeros(1, 3)))
    assert [costs[name].flops for name in ("", "head", "head.fc")] == [6, 6, 6]


def test_shared_parameters_count_once():
    layer = nn.Linear(3, 3)
    model = nn.Sequential(layer, layer)
    assert count(model, lambda: model(torch.zeros(1, 3)))[""].params == 12


def test_texts():
    info = get_model_complexity_info(nn.Linear(1000, 500), inputs=torch.zeros(1, 1000))
    assert (info["flops"], info["flops_str"], info["params_str"]) == (500_000, "0.5M", "0.5M")
    assert [short(x) for x in (99, 54_272, 118_272, 3_504_872, 312_912_064, 4.47e9, 2e11)] == [
        "99", "54.272K", "0.118M", "3.505M", "0.313G", "4.47G", "0.2T",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="either"):
        get_model_complexity_info(nn.Linear(1, 1))


def test_the_table_goes_as_deep_as_asked():
    model = nn.Sequential(nn.Sequential(nn.Linear(3, 2)), nn.ReLU())
    costs = count(model, lambda: model(torch.zeros(1, 3)))
    assert [line.split()[0] for line in table(costs, "Net", depth=1).splitlines()] == ["module", "Net", "0"]
    assert [line.split() for line in table(costs, "Net", depth=None).splitlines()][-1] == ["0", "8", "6", "2"]
