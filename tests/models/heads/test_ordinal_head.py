"""Tests of :mod:`mmpretrain.models.heads.ordinal_head`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation import Evaluator
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

METHODS = ("corn", "coral")


def head(method="corn", num_classes=4, **kwargs):
    torch.manual_seed(0)
    return MODELS.build(
        dict(type="OrdinalClsHead", num_classes=num_classes, in_channels=3, method=method, **kwargs)
    )


def logit(*probabilities):
    return torch.tensor([probabilities]).logit()


def asked(built, *probabilities):
    """Let a head answer its questions with these probabilities."""
    built.questions = lambda feats: logit(*probabilities)
    return built


def test_probabilities_of_corn_by_hand():
    """Above 0: 0.8; above 1 if above 0: 0.5; above 2 if above 1: 0.25."""
    built = asked(head(), 0.8, 0.5, 0.25)
    torch.testing.assert_close(built.class_probabilities(None), torch.tensor([[0.2, 0.4, 0.3, 0.1]]))
    # The class or above: 1, 0.8, 0.4, 0.1; the class or below: 0.2, 0.6, 0.9, 1.
    expected = torch.tensor([[0.2, 0.6, 0.4, 0.1]]) / 1.3
    torch.testing.assert_close(built(None).exp(), expected)


def test_probabilities_of_coral_by_hand():
    built = asked(head("coral"), 0.8, 0.4, 0.1)
    torch.testing.assert_close(built.class_probabilities(None), torch.tensor([[0.2, 0.4, 0.3, 0.1]]))
    torch.testing.assert_close(built(None).exp(), torch.tensor([[0.2, 0.6, 0.4, 0.1]]) / 1.3)
    # The second question is out of order: the least so far counts.
    built = asked(built, 0.4, 0.8, 0.1)
    torch.testing.assert_close(built.class_probabilities(None), torch.tensor([[0.6, 0.0, 0.3, 0.1]]))


def test_the_label_is_the_median():
    """Most of the probability lies at both ends, and the class between has the highest score."""
    built = asked(head("coral"), 0.55, 0.52, 0.48)
    assert built.class_probabilities(None).argmax(1).tolist() == [3]
    assert int(built.predict(None)[0].pred_label) == 2


def test_weights_of_the_methods():
    """CORAL shares its weights, with biases from 1 down; CORN has weights for each question."""
    coral, corn = head("coral"), head("corn")
    assert {k: list(v.shape) for k, v in coral.state_dict().items()} == {
        "level_bias": [3],
        "fc.weight": [1, 3],
    }
    torch.testing.assert_close(coral.level_bias.detach(), torch.tensor([1, 2 / 3, 1 / 3]))
    assert {k: list(v.shape) for k, v in corn.state_dict().items()} == {"fc.weight": [3, 3], "fc.bias": [3]}


@pytest.mark.parametrize("method", METHODS)
def test_predictions_are_consistent_in_rank(method):
    built = head(method, num_classes=7)
    feats = (torch.randn(50, 3) * 100,)
    samples = built.predict(feats)
    scores = torch.stack([sample.pred_score for sample in samples])
    assert (scores >= 0).all()
    torch.testing.assert_close(scores.sum(1), torch.ones(50))
    torch.testing.assert_close(built(feats).softmax(1), scores)
    assert [int(sample.pred_label) for sample in samples] == scores.argmax(1).tolist()
    probabilities = built.class_probabilities(feats)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(50))
    assert (probabilities >= 0).all()
    # As the papers have it: the number of questions that are more likely answered yes.
    questions = built.questions(feats)
    above = questions.sigmoid().cumprod(1) if method == "corn" else questions.cummin(1).values.sigmoid()
    assert scores.argmax(1).tolist() == (above > 0.5).sum(1).tolist()


@pytest.mark.parametrize("method", METHODS)
def test_learns_an_order(method):
    built = head(method, cal_acc=True)
    x = torch.linspace(-2, 2, 80)[:, None] * torch.tensor([[1.0, 0.5, -1.0]])
    samples = [DataSample().set_gt_label(i // 20) for i in range(80)]
    optimizer = torch.optim.Adam(built.parameters(), 0.1)
    for _ in range(150):
        optimizer.zero_grad()
        losses = built.loss((x,), samples)
        losses["loss"].backward()
        optimizer.step()
    assert losses["accuracy_top-1"] > 90
    values = Evaluator([dict(type="OrdinalMetric"), dict(type="Accuracy")]).offline_evaluate(
        built.predict((x,), samples)
    )
    assert values["ordinal/mae"] < 0.1
    assert values["ordinal/kappa"] > 0.95


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (dict(method="logit"), "method must be 'corn' or 'coral', got 'logit'"),
        (dict(num_classes=1), "classes in order must be two at least"),
    ],
)
def test_wrong_settings(kwargs, message):
    with pytest.raises(ConfigError, match=message):
        head(**kwargs)
