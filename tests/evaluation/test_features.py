"""Collecting features of a model, and judging them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.features import (
    FeatureBank,
    backbone_outputs,
    collect_features,
    judge_by_neighbors,
    judge_linearly,
)
from mmpretrain.models.base import BaseDataPreprocessor
from mmpretrain.structures import DataSample


class Model(nn.Module):
    """Puts out the mean colour."""

    def __init__(self):
        super().__init__()
        self.data_preprocessor = BaseDataPreprocessor()

    def extract_feat(self, inputs):
        return (inputs, inputs.mean((2, 3)))


def batch(labels, size=4):
    samples = [DataSample() if label is None else DataSample().set_gt_label(label) for label in labels]
    colours = torch.tensor([[float(label or 0)] for label in labels])
    return {"inputs": colours[:, :, None, None].expand(-1, 3, size, size), "data_samples": samples}


def test_one_pass_over_all_outputs():
    model = Model().train()
    bank = collect_features(model, [batch([0, 1]), batch([None])])
    assert model.training
    assert bank.labels.tolist() == [0, 1, -1]
    assert [x.shape for x in bank.features] == [(3, 3), (3, 3)]
    assert bank.labelled().labels.tolist() == [0, 1]


def test_judging_leaves_out_what_has_no_label():
    torch.manual_seed(0)
    labels = torch.tensor([0, 1] * 20 + [-1])
    features = torch.randn(41, 4) * 0.1
    features[:40, 0] += labels[:40] * 2.0 - 1
    bank = FeatureBank((torch.randn(41, 4), features), labels)
    noise, clear = judge_by_neighbors(bank, bank, ks=(5,))
    assert clear["k5/top1"] == 100
    assert noise["k5/top1"] < 100
    rows = judge_linearly(bank, bank)
    assert rows[1] == {"logistic/top1": 100.0, "sgd/top1": 100.0}


def test_what_it_refuses():
    with pytest.raises(DataError, match="no images"):
        collect_features(Model(), [])
    with pytest.raises(DataError, match="views"):
        collect_features(Model(), [{"inputs": [torch.rand(1, 3, 4, 4)] * 2}])
    with pytest.raises(ConfigError, match="extract_feat"):
        backbone_outputs(nn.Linear(1, 1), torch.rand(1))
    unlabelled = FeatureBank((torch.randn(3, 2),), torch.tensor([-1, -1, -1]))
    with pytest.raises(DataError, match="No image has a label"):
        judge_by_neighbors(unlabelled, unlabelled)
    known = FeatureBank((torch.randn(3, 2),), torch.tensor([0, 1, 0]))
    with pytest.raises(DataError, match="for validation"):
        judge_linearly(known, unlabelled)
    multi = batch([0])
    multi["data_samples"][0].set_gt_label([0, 1])
    with pytest.raises(DataError, match="one label"):
        collect_features(Model(), [multi])


@pytest.mark.parametrize("judge", [judge_by_neighbors, judge_linearly])
def test_labels_may_be_any_numbers(judge):
    """A column is made for each class, not for each number up to the largest label."""
    torch.manual_seed(0)
    labels = torch.arange(60) % 3
    features = F.one_hot(labels, 8).float() + 0.1 * torch.randn(60, 8)
    far = torch.tensor([7, 10**9, 10**15])[labels]
    near, wide = (judge(FeatureBank((features,), x), FeatureBank((features,), x)) for x in (labels, far))
    assert near == wide
    assert all("top5" not in name for name in wide[0])


@pytest.mark.parametrize("judge", [judge_by_neighbors, judge_linearly])
def test_features_that_judge_nothing(judge):
    features, labels = torch.randn(4, 8), torch.tensor([0, 1, 0, 1])
    bank = FeatureBank((features,), labels)
    with pytest.raises(DataError, match="not finite"):
        judge(bank, FeatureBank((features / 0,), labels))
    with pytest.raises(DataError, match="one class"):
        judge(FeatureBank((features,), labels * 0), bank)


def test_classes_are_matched_by_name():
    """A part without some class counts the others from 0."""
    torch.manual_seed(0)
    features = torch.eye(3).repeat(4, 1)
    bank = FeatureBank((features,), torch.arange(12) % 3, ("ant", "bee", "cat"))
    queries = FeatureBank((features[1:3],), torch.tensor([0, 1]), ("bee", "cat"))
    assert judge_by_neighbors(bank, queries, ks=[3]) == [{"k3/top1": 100}]
    assert judge_by_neighbors(bank, replace(queries, classes=()), ks=[3]) == [{"k3/top1": 0}]
    unlabelled = replace(queries, labels=torch.tensor([-1, 1]))
    assert unlabelled.with_classes_of(bank).labels.tolist() == [-1, 2]
    with pytest.raises(DataError, match="no images for training of 'dog', and there are some for validation"):
        judge_by_neighbors(bank, replace(queries, classes=("bee", "dog")))
