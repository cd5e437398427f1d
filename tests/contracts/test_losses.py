"""What every classification loss must do."""

from __future__ import annotations

import pickle

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.models.losses import ClassificationLoss, weighted_loss
from mmpretrain.registry import MODELS
from tests.contracts.signatures import check_signature
from tests.golden.facts import load

N, C = 6, 4

INDEX = torch.tensor([0, 1, 2, 3, 1, 0])
MANY = (torch.arange(N * C).reshape(N, C) % 3 == 0).float()

#: name -> arguments, labels
LOSSES = {
    "AsymmetricLoss": ({}, MANY),
    "CoralLoss": ({}, torch.tensor([0, 1, 2, 3, 4, 0])),
    "CrossEntropyLoss": ({}, INDEX),
    "FocalLoss": ({}, INDEX),
    "HuberLoss": ({}, MANY),
    "L1Loss": ({}, MANY),
    "LabelSmoothLoss": ({"label_smooth_val": 0.1}, INDEX),
    "MSELoss": ({}, MANY),
    "SeesawLoss": ({"num_classes": C}, INDEX),
    "SmoothL1Loss": ({"beta": 0.5}, MANY),
}


def build(name: str, **kwargs) -> ClassificationLoss:
    return MODELS.build({"type": name, **LOSSES[name][0], **kwargs})


@pytest.fixture
def logits():
    return torch.randn(N, C, generator=torch.Generator().manual_seed(0)).requires_grad_()


NAMES = [
    *[name for name in LOSSES if name in load("components")["mmpretrain.MODELS"]],
    *["CAELoss", "CosineSimilarityLoss", "CrossCorrelationLoss", "PixelReconstructionLoss"],
]


@pytest.mark.parametrize("name", NAMES)
def test_signature(name):
    check_signature("mmpretrain.MODELS", name, MODELS.get(name))


@pytest.mark.parametrize("name", LOSSES)
def test_reductions(name, logits):
    label = LOSSES[name][1]
    parts = build(name, reduction="none")(logits, label)
    assert parts.shape[0] == N
    torch.testing.assert_close(build(name, reduction="sum")(logits, label), parts.sum())
    loss = build(name, loss_weight=0.5)
    torch.testing.assert_close(loss(logits, label), parts.mean() / 2)
    loss = build(name)
    torch.testing.assert_close(loss(logits, label, avg_factor=3), parts.sum() / 3)
    assert build(name)(logits, label, reduction_override="none").shape == parts.shape
    with pytest.raises(ConfigError, match=r"avg_factor has no meaning.*loss_weight"):
        loss(logits, label, avg_factor=3, reduction_override="sum")
    with pytest.raises(ConfigError, match="reduction must be"):
        build(name, reduction="average")


@pytest.mark.parametrize("name", LOSSES)
def test_sample_weights(name, logits):
    """A sample with weight 0 has no gradient; weights scale what they stand for."""
    label = LOSSES[name][1]
    parts = build(name, reduction="none")(logits, label)
    weight = torch.tensor([0.0, 1.0, 2.0, 1.0, 1.0, 0.0])
    weighted = build(name, reduction="none")(logits, label, weight)
    torch.testing.assert_close(weighted, parts * weight.reshape(-1, *[1] * (parts.ndim - 1)))
    weighted.sum().backward()
    assert logits.grad is not None
    assert (logits.grad[[0, 5]] == 0).all()
    assert (logits.grad[1:5].abs().sum(1) > 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_low_precision_and_large_logits(name, logits):
    label = LOSSES[name][1]
    exact = build(name)(logits, label)
    torch.testing.assert_close(build(name)(logits.bfloat16(), label).float(), exact, rtol=3e-2, atol=3e-2)
    extreme = (logits.detach() * 1e4).requires_grad_()
    loss = build(name)(extreme, label)
    loss.backward()
    assert torch.isfinite(loss)
    assert extreme.grad is not None
    assert torch.isfinite(extreme.grad).all()


@pytest.mark.parametrize("name", LOSSES)
def test_pickles_and_shows_settings(name, logits):
    loss = build(name, loss_weight=0.25)
    assert "loss_weight=0.25" in repr(loss)
    label = LOSSES[name][1]
    again = pickle.loads(pickle.dumps(loss))
    assert torch.equal(again(logits, label), loss(logits, label))


@pytest.mark.parametrize("name", ["AsymmetricLoss", "FocalLoss", "LabelSmoothLoss"])
def test_labels_of_another_width(name, logits):
    with pytest.raises(ConfigError, match=r"4 logits per sample, but the labels have shape \(6, 3\)"):
        build(name)(logits, torch.zeros(N, 3))


@pytest.mark.parametrize(
    ("cfg", "message"),
    [
        ({"type": "CrossEntropyLoss", "use_soft": True, "use_sigmoid": True}, "exclude each other"),
        ({"type": "LabelSmoothLoss", "label_smooth_val": 1.0}, r"label_smooth_val must be in \[0, 1\)"),
        ({"type": "LabelSmoothLoss", "label_smooth_val": 0.1, "mode": "x"}, "mode must be 'original'"),
        ({"type": "SeesawLoss", "use_sigmoid": True}, "no sigmoid version"),
        ({"type": "PixelReconstructionLoss", "criterion": "L3"}, "criterion must be 'L1' or 'L2'"),
    ],
)
def test_wrong_settings(cfg, message):
    with pytest.raises(ConfigError, match=message):
        MODELS.build(cfg)


def test_labels_that_do_not_fit(logits):
    with pytest.raises(ConfigError, match=r"one target per logit: \(6, 4\) logits, \(6,\) targets"):
        MODELS.build({"type": "CrossEntropyLoss", "use_sigmoid": True})(logits, INDEX)
    with pytest.raises(ConfigError, match="num_classes=9, but there are 4 logits"):
        MODELS.build({"type": "LabelSmoothLoss", "label_smooth_val": 0.1, "num_classes": 9})(logits, INDEX)
    with pytest.raises(ConfigError, match="num_classes=1000, but there are 4 logits"):
        MODELS.build({"type": "SeesawLoss"})(logits, INDEX)
    with pytest.raises(ConfigError, match=r"class indices of shape \(N,\)"):
        build("SeesawLoss")(logits, MANY)


def test_weighted_loss():
    @weighted_loss
    def l1_loss(pred, target):
        return (pred - target).abs()

    pred, target, weight = torch.tensor([0.0, 2.0, 3.0]), torch.ones(3), torch.tensor([1.0, 0.0, 1.0])
    assert l1_loss(pred, target).item() == pytest.approx(4 / 3)
    assert l1_loss(pred, target, weight).item() == 1.0
    assert l1_loss(pred, target, reduction="none").tolist() == [1.0, 1.0, 2.0]
    assert l1_loss(pred, target, weight, avg_factor=2).item() == 1.5
    assert l1_loss.__name__ == "l1_loss"


def test_seesaw_counts_labels():
    loss = build("SeesawLoss")
    for _ in range(2):
        loss(torch.zeros(N, C), INDEX)
    assert loss.state_dict()["cum_samples"].tolist() == [4.0, 4.0, 2.0, 2.0]


@pytest.mark.parametrize("name", LOSSES)
def test_forward_names(name, logits):
    label = LOSSES[name][1]
    assert build(name)(cls_score=logits, label=label) == build(name)(logits, label)
