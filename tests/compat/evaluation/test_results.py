"""Tests of :mod:`mmpretrain.compat.evaluation.results`."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from mmpretrain.compat.evaluation.results import evaluate, multi_gpu_test, single_gpu_test
from mmpretrain.errors import ConfigError

SCORES = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.5, 0.4, 0.1], [0.2, 0.5, 0.3]], np.float32)


class Data:
    """Labels of a data set."""

    def __init__(self, labels=(0, 2, 1, 1)):
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def get_data_info(self, index):
        return {"gt_label": np.array(self.labels[index])}


def test_values_by_the_names_of_0x():
    values = evaluate(Data(), list(SCORES), ["accuracy", "precision", "support"], {"topk": (1, 2)})
    assert values["accuracy_top-1"] == 75.0
    assert values["accuracy_top-2"] == 100.0
    assert values["precision"] == pytest.approx(100 * (0.5 + 1 + 1) / 3)
    assert values["support"] == 4


def test_some_of_the_samples():
    assert evaluate(Data(), SCORES[2:], indices=[2, 3])["accuracy_top-1"] == 50.0


def test_an_unknown_value():
    with pytest.raises(ConfigError, match=r"There is no metric 'acc'.*accuracy"):
        evaluate(Data(), SCORES, "acc")


class Old(nn.Module):
    """A classifier with the call of 0.x."""

    def forward(self, img, return_loss=True):
        assert not return_loss
        assert not self.training
        return [row.numpy() for row in img.softmax(1)]


def test_scores_of_a_data_loader():
    batches = [{"img": torch.eye(2)}, {"img": torch.eye(2)[:1]}]
    holder = nn.Module()
    holder.module = Old().train()
    scores = single_gpu_test(holder, batches)
    assert [int(row.argmax()) for row in scores] == [0, 1, 0]
    assert len(multi_gpu_test(Old(), batches)) == 3
