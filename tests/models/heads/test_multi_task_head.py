"""Tests of :mod:`mmpretrain.models.heads.multi_task_head`."""

from __future__ import annotations

import pickle

import pytest

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.models import (
    MultiTaskHead,
)
from mmpretrain.structures import MultiTaskDataSample
from tests.models.heads.cases import FEATS, labelled


@pytest.fixture
def tasks():
    head = {"type": "LinearClsHead", "num_classes": 3, "in_channels": 6}
    return MultiTaskHead({"a": head, "b": head})


def test_tasks_learn_from_their_samples(tasks):
    samples = [MultiTaskDataSample(a=sample) for sample in labelled(0, 1)]
    samples += [MultiTaskDataSample(), MultiTaskDataSample(a=labelled(2)[0])]
    losses = tasks.loss(FEATS, samples)
    expected = tasks.task_heads["a"].loss((FEATS[0][[0, 1, 3]],), labelled(0, 1, 2))
    assert losses["a_loss"].item() == pytest.approx(expected["loss"].item())
    assert (losses["a_mask_size"].item(), losses["b_mask_size"].item()) == (3, 0)
    assert losses["b_loss"].item() == 0
    with pytest.raises(DataError, match=r"one field per task, got DataSample.*PackMultiTaskInputs"):
        tasks.loss(FEATS, labelled(0, 1, 2, 0))
    with pytest.raises(ConfigError, match="task_heads must be a dict"):
        MultiTaskHead([])


def test_tasks_predict_for_all_samples(tasks):
    samples = [MultiTaskDataSample(a=labelled(0)[0]), None, None, MultiTaskDataSample()]
    out = pickle.loads(pickle.dumps(tasks)).predict(FEATS, samples)
    assert out[0] is samples[0]
    assert [sample.a.eval_mask for sample in out] == [True, False, False, False]
    assert [sample.b.eval_mask for sample in out] == [False] * 4
    assert out[0].a.gt_label.tolist() == [0]
    assert out[3].b.pred_score.shape == (3,)
