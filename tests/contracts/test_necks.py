"""What every classification neck must do."""

from __future__ import annotations

import pickle

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.registry import MODELS
from tests.contracts.signatures import check_signature
from tests.models.heads.selfsup_cases import CASES as SELF_SUPERVISED

B = 2

#: name -> config, shape of the features of each stage, shapes of the output
NECKS = {
    "GlobalAveragePooling": ({"type": "GlobalAveragePooling"}, [(3, 4, 5), (6, 2, 2)], [(3,), (6,)]),
    "GlobalAveragePooling_1d": ({"type": "GlobalAveragePooling", "dim": 1}, [(3, 4)], [(3,)]),
    "GlobalAveragePooling_3d": ({"type": "GlobalAveragePooling", "dim": 3}, [(3, 4, 2, 2)], [(3,)]),
    "GeneralizedMeanPooling": ({"type": "GeneralizedMeanPooling"}, [(3, 4, 5), (6, 2, 2)], [(3,), (6,)]),
    "LinearNeck": (
        {"type": "LinearNeck", "in_channels": 6, "out_channels": 4, "gap_dim": 2},
        [(3, 4, 5), (6, 2, 2)],
        [(4,)],
    ),
    "HRFuseScales": (
        {"type": "HRFuseScales", "in_channels": (2, 4, 8, 16), "out_channels": 10},
        [(2, 16, 16), (4, 8, 8), (8, 4, 4), (16, 2, 2)],
        [(10, 2, 2)],
    ),
}


@pytest.fixture(params=NECKS)
def case(request):
    cfg, shapes, outputs = NECKS[request.param]
    torch.manual_seed(0)
    return MODELS.build(cfg).eval(), tuple(torch.randn(B, *shape) for shape in shapes), outputs


@pytest.mark.parametrize("name", sorted({cfg["type"] for cfg, _, _ in NECKS.values()}))
def test_signature(name):
    check_signature("mmpretrain.MODELS", name, MODELS.get(name))


@pytest.mark.parametrize(
    "cfg", [cfg for cfg, *_ in NECKS.values()] + [cfg for _, cfg, _ in SELF_SUPERVISED.values()], ids=str
)
def test_layers_get_callables_not_configs(cfg, layers_refuse_configs):
    assert isinstance(MODELS.build(cfg), torch.nn.Module)


def test_shapes(case):
    neck, feats, outputs = case
    expected = [(B, *shape) for shape in outputs]
    assert [tuple(out.shape) for out in neck(feats)] == expected
    assert [tuple(out.shape) for out in neck(list(feats))] == expected
    assert [tuple(out.shape) for out in neck(tuple(x[:1] for x in feats))] == [(1, *s) for s in outputs]


def test_gradient_copies_and_compilation(case):
    neck, feats, _ = case
    feats = tuple(x.requires_grad_() for x in feats)
    out = neck(feats)
    sum(x.sum() for x in out).backward()
    assert torch.isfinite(feats[-1].grad).all()
    compiled = torch.compile(neck, backend="eager", fullgraph=True)
    for other in (pickle.loads(pickle.dumps(neck)), compiled):
        for a, b in zip(other(feats), out):
            torch.testing.assert_close(a, b)
    torch._dynamo.reset()


def test_forward_builds_no_module(case, builds_no_module):
    neck, feats, _ = case
    builds_no_module()
    neck(feats)


def test_bare_tensor():
    x = torch.rand(B, 3, 4, 4)
    for name in ("GlobalAveragePooling", "GeneralizedMeanPooling"):
        assert MODELS.build({"type": name})(x).shape == (B, 3)
    with pytest.raises(TypeError, match="got NoneType"):
        MODELS.build({"type": "GlobalAveragePooling"})(None)


@pytest.mark.parametrize(
    ("cfg", "message"),
    [
        ({"type": "GlobalAveragePooling", "dim": 4}, "1, 2 or 3 dimensions, got 4"),
        ({"type": "GlobalAveragePooling", "dim": 0}, "1, 2 or 3 dimensions, got 0"),
        ({"type": "GeneralizedMeanPooling", "p": 0.5}, "p must be at least 1"),
        ({"type": "HRFuseScales", "in_channels": (2, 4)}, "fuses 4 scales"),
    ],
)
def test_wrong_settings(cfg, message):
    with pytest.raises(ConfigError, match=message):
        MODELS.build(cfg)


def test_mean_pooling_generalises():
    x = torch.rand(B, 3, 4, 4)
    mean = MODELS.build({"type": "GeneralizedMeanPooling", "p": 1.0})(x)
    torch.testing.assert_close(mean, x.mean((2, 3)))
    almost_max = MODELS.build({"type": "GeneralizedMeanPooling", "p": 80.0})(x)
    torch.testing.assert_close(almost_max, x.amax((2, 3)), rtol=0.05, atol=0)
