"""Tests of :mod:`mmpretrain.models.heads.base`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.models.heads import base
from mmpretrain.structures import DataSample

FEATS = (torch.zeros(2, 3), torch.ones(2, 4))


def test_which_features_a_head_gets():
    assert base.last_stage(FEATS) is FEATS[1]
    assert base.last_stage(FEATS[0]) is FEATS[0]
    patches, token = torch.zeros(2, 4, 5, 5), torch.ones(2, 4)
    assert base.class_token([patches, token]) is token
    assert base.class_token(token) is token


def test_predictions_go_into_samples():
    given = DataSample(name="a")
    scores = torch.tensor([[0.1, 0.9], [0.8, 0.2]])
    first, second = base.with_predictions([given, None], scores, scores.argmax(1))
    assert first is given
    assert (first.pred_label.item(), second.pred_label.item()) == (1, 0)
    assert torch.equal(second.pred_score, scores[1])


def test_features_of_another_size_are_named():
    layer = base.feature_layer(4, 2)
    assert layer(FEATS[1]).shape == (2, 2)
    with pytest.raises(ConfigError, match=r"takes features of in_channels=4, and gets 3.*Set in_channels=3"):
        layer(FEATS[0])
    with pytest.raises(ConfigError, match=r"gets \(2, 4, 7, 7\).*GlobalAveragePooling"):
        layer(torch.zeros(2, 4, 7, 7))


@pytest.mark.parametrize("number", [0, -1, 2.5, "10", None])
def test_a_number_of_classes(number):
    base.check_num_classes(3)
    with pytest.raises(ConfigError, match="num_classes must be a positive integer"):
        base.check_num_classes(number)


def test_what_a_subclass_has_to_bring():
    head = base.BaseClsHead(dict(type="CrossEntropyLoss"))
    assert head(FEATS) is FEATS[1]
    for method, arguments in (("loss", (FEATS, [])), ("predict", (FEATS,))):
        with pytest.raises(NotImplementedError, match=r"BaseClsHead must implement _get_"):
            getattr(head, method)(*arguments)
