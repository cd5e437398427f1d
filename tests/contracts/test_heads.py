"""What every classification head must do."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample, MultiTaskDataSample
from tests.contracts.signatures import check_signature
from tests.golden.facts import load

B, C, DIM = 4, 3, 8

SMALL = {"num_classes": C, "in_channels": DIM}


def flat() -> torch.Tensor:
    return torch.randn(B, DIM)


#: name -> arguments, features of one stage
HEADS = {
    "ArcFaceClsHead": (SMALL, flat),
    "CSRAClsHead": ({**SMALL, "num_heads": 4, "lam": 0.1}, lambda: torch.randn(B, DIM, 2, 2)),
    "ClsHead": ({}, lambda: torch.randn(B, C)),
    "ConformerHead": ({**SMALL, "in_channels": [DIM, DIM]}, lambda: [flat(), flat()]),
    "DeiTClsHead": (SMALL, lambda: [flat(), flat()]),
    "EfficientFormerClsHead": (SMALL, flat),
    "LeViTClsHead": (SMALL, flat),
    "LinearClsHead": (SMALL, flat),
    "MultiLabelClsHead": ({}, lambda: torch.randn(B, C)),
    "MultiLabelLinearClsHead": (SMALL, flat),
    "MultiTaskHead": ({"task_heads": {"task": {"type": "LinearClsHead", **SMALL}}}, flat),
    "OrdinalClsHead": (SMALL, flat),
    "StackedLinearClsHead": ({**SMALL, "mid_channels": [6]}, flat),
    "VigClsHead": ({**SMALL, "hidden_dim": 6}, flat),
    "VisionTransformerClsHead": ({**SMALL, "hidden_dim": 6}, flat),
}

WITH_CLASSES = [name for name, (args, _) in HEADS.items() if "num_classes" in args]


def build(name: str, **kwargs) -> torch.nn.Module:
    torch.manual_seed(0)
    return MODELS.build({"type": name, **HEADS[name][0], **kwargs})


def features(name: str) -> tuple:
    torch.manual_seed(1)
    return (HEADS[name][1](),)


def samples(name: str) -> list:
    one = [DataSample().set_gt_label(i % C) for i in range(B)]
    return [MultiTaskDataSample(task=sample) for sample in one] if name == "MultiTaskHead" else one


def scores(output) -> list[torch.Tensor]:
    if isinstance(output, torch.Tensor):
        return [output]
    return list(output.values() if isinstance(output, dict) else output)


@pytest.mark.parametrize("name", [n for n in HEADS if n in load("components")["mmpretrain.MODELS"]])
def test_signature(name):
    check_signature("mmpretrain.MODELS", name, MODELS.get(name))


@pytest.mark.parametrize("name", HEADS)
def test_layers_get_callables_not_configs(name, layers_refuse_configs):
    assert isinstance(build(name), torch.nn.Module)


@pytest.mark.parametrize("name", HEADS)
def test_trains(name):
    head = build(name)
    head.init_weights()
    losses = head.loss(features(name), samples(name))
    total = sum(value for key, value in losses.items() if "loss" in key)
    assert total.ndim == 0
    assert torch.isfinite(total)
    if any(True for _ in head.parameters()):
        total.backward()
        assert all(torch.isfinite(p.grad).all() for p in head.parameters() if p.grad is not None)
        assert any(p.grad.abs().sum() > 0 for p in head.parameters() if p.grad is not None)


@pytest.mark.parametrize("name", HEADS)
def test_predicts(name):
    head = build(name).eval()
    for given in (None, [None] * B, samples(name)):
        out = head.predict(features(name), given)
        assert len(out) == B
        assert given is None or given[0] is None or out[0] is given[0]
        first = out[0].task if name == "MultiTaskHead" else out[0]
        assert first.pred_score.shape == (C,)
        assert first.pred_label.ndim == 1
        assert first.num_classes == C


@pytest.mark.parametrize("name", HEADS)
def test_without_state(name):
    """Two forwards agree, copies agree, and a pickle is whole."""
    head = build(name).eval()
    feats = features(name)
    expected = scores(head(feats))
    for other in (head, copy.deepcopy(head), pickle.loads(pickle.dumps(head))):
        for a, b in zip(scores(other(feats)), expected):
            assert torch.equal(a, b)
    assert type(head).__name__ in repr(head)


@pytest.mark.parametrize("name", HEADS)
def test_forward_builds_no_module(name, builds_no_module):
    head, feats = build(name), features(name)
    builds_no_module()
    scores(head(feats))


@pytest.mark.filterwarnings("ignore:.*torch.jit.trace:DeprecationWarning")
@pytest.mark.parametrize("name", HEADS)
def test_compiles_and_traces(name):
    head = build(name).eval()
    feats = features(name)
    expected = scores(head(feats))
    compiled = torch.compile(head, backend="eager", fullgraph=True)
    for a, b in zip(scores(compiled(feats)), expected):
        torch.testing.assert_close(a, b)
    torch._dynamo.reset()
    traced = torch.jit.trace(head, (feats,), strict=False)
    for a, b in zip(scores(traced(feats)), expected):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("name", HEADS)
def test_low_precision(name):
    """Features of a network in bf16 go in under autocast."""
    head = build(name)
    half = [[t.bfloat16() for t in x] if isinstance(x, list) else x.bfloat16() for x in features(name)]
    with torch.autocast("cpu", torch.bfloat16):
        losses = head.loss(tuple(half), samples(name))
    assert all(torch.isfinite(value).all() for value in losses.values())


@pytest.mark.parametrize("name", WITH_CLASSES)
def test_number_of_classes(name):
    with pytest.raises(ConfigError, match="num_classes must be a positive integer"):
        build(name, num_classes=0)
    with torch.device("meta"):
        assert build(name, num_classes=21841)


SELF_SUPERVISED = [
    "BEiTV1Head", "BEiTV2Head", "CAEHead", "ClsBatchNormNeck", "ContrastiveHead", "DenseCLNeck",
    "LatentCrossCorrelationHead", "LatentPredictHead", "MAEPretrainHead", "MIMHead", "MixMIMPretrainHead",
    "MoCoV2Neck", "MoCoV3Head", "NonLinearNeck", "SimMIMHead", "SimMIMLinearDecoder", "SparKPretrainHead",
    "SwAVHead", "SwAVLoss", "SwAVNeck", "iTPNClipHead",
]  # fmt: skip


@pytest.mark.parametrize("name", SELF_SUPERVISED)
def test_signature_of_self_supervised_parts(name):
    check_signature("mmpretrain.MODELS", name, MODELS.get(name))
