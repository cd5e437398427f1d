"""Layers of masked image modelling under the names, arguments and keys of 1.x."""

from __future__ import annotations

import importlib

import pytest
import torch
from torch import Tensor, nn

#: What MMPretrain 1.2 computes with the weights and inputs below.
EXPECTED = {
    "attention": [
        *(0.29893, 0.54745, 0.54385, 0.29179, -0.09151, -0.4298, -0.56888, -0.44692),
        *(-0.47684, 0.175, 0.7419, 0.97144, 0.76467, 0.21859, -0.41931, -0.86331),
    ],
    "layer": [
        *(1.55878, 1.24141, 0.95891, 0.93982, -0.14189, -0.77765, -0.72887, -1.32624),
        *(-0.47898, -0.50024, -0.58203, -0.26651, -0.45979, -0.46954, 0.14795, 0.38626),
    ],
    "split": [
        *(0.21196, 0.15621, -0.36514, 0.20181, 0.16726, -0.36581, 0.19143, 0.17811),
        *(0.32934, -0.06032, -0.27019, 0.32525, -0.04873, -0.27747, 0.32079, -0.03707),
    ],
}
WHERE = {
    "attention": ("mmpretrain.models.utils.attention", "PromptMultiheadAttention"),
    "layer": ("mmpretrain.models.necks.milan_neck", "PromptTransformerEncoderLayer"),
    "split": ("mmpretrain.models.necks.itpn_neck", "PatchSplit"),
}


def wave(*shape: int, shift: int = 0) -> Tensor:
    return torch.cos(torch.arange(torch.Size(shape).numel()) * 0.37 + shift).view(shape)


@pytest.mark.parametrize("name", EXPECTED)
@torch.no_grad()
def test_they_compute_what_they_did(name):
    module, attribute = WHERE[name]
    kind = getattr(importlib.import_module(module), attribute)
    tokens = wave(1, 2, 8), wave(1, 3, 8, shift=1), torch.tensor([[2, 0, 1, 3]])
    arguments, inputs = {
        "attention": ({"num_heads": 2, "dropout_layer": {"type": "Dropout", "drop_prob": 0.0}}, tokens),
        "layer": ({"num_heads": 2, "feedforward_channels": 12, "act_cfg": {"type": "GELU"}}, tokens),
        "split": ({"fpn_dim": 2, "norm_cfg": {"type": "LN"}}, (wave(1, 2, 1, 1, 6),)),
    }[name]
    layer: nn.Module = kind(6 if name == "split" else 8, **arguments)
    for i, value in enumerate(layer.state_dict().values()):
        value.copy_(torch.sin(torch.arange(value.numel()) * 0.7 + i).view_as(value) * 0.3)
    assert torch.allclose(layer(*inputs).flatten(), torch.tensor(EXPECTED[name]), atol=2e-5)


def test_keys():
    from mmpretrain.models.utils import PromptMultiheadAttention

    assert [*PromptMultiheadAttention(8, 2).state_dict()] == [
        *("proj.weight", "proj.bias", "q.weight", "q.bias", "kv.weight", "kv.bias")
    ]


def test_what_replaced_a_global():
    import mmpretrain.models.utils as utils

    with pytest.raises(AttributeError, match=r"layers\.sparse\.ActiveMap"):
        _ = utils.SparseHelper
