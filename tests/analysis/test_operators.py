"""Tests of :mod:`mmpretrain.analysis.operators`."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from mmpretrain.analysis.operators import OTHERS, PRODUCTS, attention_flops


class Counter(TorchDispatchMode):
    """Adds up what the tables say."""

    def __init__(self):
        super().__init__()
        self.flops = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        rule = PRODUCTS.get(func.overloadpacket) or OTHERS.get(func.overloadpacket)
        if rule is not None:
            self.flops += rule(args, out[0] if isinstance(out, tuple) else out)
        return out


@pytest.mark.parametrize(
    ("module", "shape", "flops"),
    [
        (nn.Conv2d(3, 8, 3, padding=1, bias=False), (2, 3, 5, 7), 2 * 5 * 7 * 8 * 3 * 9),
        (nn.Conv2d(8, 8, 3, groups=4, stride=2, bias=False), (1, 8, 9, 9), 4 * 4 * 8 * 2 * 9),
        (nn.ConvTranspose2d(3, 8, 2, stride=2, bias=False), (1, 3, 5, 5), 25 * 3 * 8 * 4),
        (nn.Linear(6, 10), (4, 6), 4 * 6 * 10),
        (nn.Linear(6, 10, bias=False), (2, 3, 6), 2 * 3 * 6 * 10),
        (nn.BatchNorm2d(4), (1, 4, 3, 3), 2 * 36),
        (nn.BatchNorm2d(4, affine=False), (1, 4, 3, 3), 36),
        (nn.LayerNorm(8), (2, 8), 5 * 16),
        (nn.AdaptiveAvgPool2d(1), (1, 4, 6, 6), 144),
        (nn.UpsamplingNearest2d(scale_factor=2), (1, 1, 3, 3), 36),
        (nn.ReLU(), (1, 4), 0),
    ],
    ids=lambda value: str(value) if isinstance(value, nn.Module) else None,
)
def test_costs(module, shape, flops):
    with torch.no_grad(), Counter() as counter:
        module.eval()(torch.randn(shape))
    assert counter.flops == flops


def test_attention():
    query, key, value = torch.empty(2, 3, 5, 8), torch.empty(2, 3, 7, 8), torch.empty(2, 3, 7, 4)
    assert attention_flops(query, key, value) == 2 * 3 * 5 * 7 * (8 + 4)
