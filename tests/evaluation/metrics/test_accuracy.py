"""Top-k accuracy, alone and over a data set.

The numbers are from the reference environment (mmpretrain 1.2)::

    r = np.random.RandomState(0)
    pred, target = torch.tensor(r.rand(50, 6), dtype=torch.float32), torch.tensor(r.randint(0, 6, 50))
    Accuracy.calculate(pred, target, topk=(1, 3), thrs=(0.0, 0.9, None))
    Accuracy.calculate(pred.argmax(1), target)
"""

from __future__ import annotations

import logging
import pickle

import numpy as np
import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation import Accuracy, Evaluator, SingleLabelMetric
from mmpretrain.evaluation.functional import accuracy
from mmpretrain.registry import METRICS
from mmpretrain.structures import DataSample

EXPECTED = [[14.0, 6.0, 14.0], [50.0, 12.0, 50.0]]


@pytest.fixture
def data():
    r = np.random.RandomState(0)
    return torch.tensor(r.rand(50, 6), dtype=torch.float32), torch.tensor(r.randint(0, 6, 50))


def test_reference_numbers(data):
    pred, target = data
    table = Accuracy.calculate(pred, target, topk=(1, 3), thrs=(0.0, 0.9, None))
    assert [[value.item() for value in row] for row in table] == EXPECTED
    assert accuracy(pred.numpy(), target.tolist(), (1, 3), (0.0, 0.9, None)).tolist() == EXPECTED
    assert Accuracy.calculate(pred.argmax(1), target).tolist() == [14.0]


@pytest.mark.parametrize("kind", ["score", "label"])
def test_over_a_data_set(data, kind):
    pred, target = data
    evaluator = Evaluator({"type": "Accuracy", "topk": (1, 3), "thrs": (0.0, 0.9, None)})
    for start in range(0, 50, 20):
        batch = [DataSample().set_gt_label(t) for t in target[start : start + 20]]
        for sample, score in zip(batch, pred[start : start + 20]):
            if kind == "score":
                sample.set_pred_score(score)
            else:
                sample.set_pred_label(score.argmax())
        evaluator.process(batch)
    values = evaluator.evaluate(50)
    if kind == "label":
        assert values == {"accuracy/top1": 14.0}
        return
    names = ["top1_thr-0.00", "top1_thr-0.90", "top1_no-thr", "top3_thr-0.00", "top3_thr-0.90", "top3_no-thr"]
    assert list(values) == [f"accuracy/{name}" for name in names]
    assert list(values.values()) == [*EXPECTED[0], *EXPECTED[1]]


def test_fewer_classes_than_k_is_said_once_at_start(caplog):
    metric = Accuracy(topk=(1, 5))
    with caplog.at_level(logging.WARNING):
        metric.dataset_meta = {"classes": ("cat", "dog")}
    assert [record.message for record in caplog.records] == ["only 2 classes: reporting top-1 only"]
    metric.process(None, [DataSample().set_gt_label(0).set_pred_score([0.9, 0.1]).to_dict()])
    assert metric.evaluate(1) == {"accuracy/top1": 100.0}
    assert len(caplog.records) == 1


def test_fewer_classes_than_k_without_meta_information():
    metric = Accuracy(topk=(5,))
    metric.process(None, [DataSample().set_gt_label(0).set_pred_score([0.9, 0.1]).to_dict()])
    assert metric.evaluate(1) == {"accuracy/top1": 100.0}
    with pytest.raises(ConfigError, match="Top-5 accuracy is unavailable: there are only 2 classes"):
        accuracy([[0.9, 0.1]], [0], topk=(5,))


def test_wrong_input():
    with pytest.raises(DataError, match="2 predictions, but 1 targets"):
        accuracy([0, 1], [0])
    with pytest.raises(DataError, match=r"needs gt_label.*without labels cannot be evaluated"):
        Accuracy().process(None, [DataSample().set_pred_score([0.9, 0.1]).to_dict()])


def test_subclass_with_another_measure():
    class MeanError(Accuracy):
        @staticmethod
        def calculate(pred, target, topk=(1,), thrs=(0.0,)):
            error = (pred.argmax(1) - target).abs().float().mean()
            return [[error]]

    metric = MeanError(prefix="mine")
    samples = [DataSample().set_gt_label(i).set_pred_score([0.0, 0.0, 1.0]) for i in range(3)]
    metric.process(None, [sample.to_dict() for sample in samples])
    assert metric.evaluate(3) == {"mine/top1": 1.0}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("name", ["Accuracy", "SingleLabelMetric"])
def test_what_is_kept_does_not_grow_with_the_classes(name, dtype):
    """Scores of 50,000 images and 21,841 classes are 4 GB."""
    torch.manual_seed(0)
    settings = {"topk": (1, 5)} if name == "Accuracy" else {"average": None}
    metric = METRICS.build(dict(type=name, thrs=(0.0, 0.9995, None), **settings))
    scores, labels = torch.rand(20, 5000).to(dtype), torch.randint(5000, (20,))
    scores[torch.arange(10), labels[:10]] = 1.0
    batch = [dict(pred_score=score, gt_label=label[None]) for score, label in zip(scores, labels)]
    for part in (batch[:7], batch[7:]):
        metric.process({}, part)
    assert len(pickle.dumps(metric.results)) < 20 * 2000  # all scores: 20 * 20,000 bytes
    found = metric.evaluate(20)
    metric.results = [dict(item) for item in batch]  # as the functions get them
    for key, value in metric.evaluate(20).items():
        assert found[key] == value, key


@pytest.mark.parametrize("batch", [1, 7, 40])
def test_equal_scores_count_as_in_1_x(batch):
    """The numbers are those of 1.2 for the same scores, of which many are equal."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(0, 3, (40, 6), generator=generator).float() / 2
    labels = torch.randint(0, 6, (40,), generator=generator)
    samples = [
        {"pred_score": score, "gt_label": label.reshape(1), "num_classes": 6}
        for score, label in zip(scores, labels)
    ]
    found = {}
    for metric in (Accuracy(topk=(1, 2, 3)), SingleLabelMetric()):
        for start in range(0, 40, batch):
            metric.process(None, samples[start : start + batch])
        found.update(metric.evaluate(40))
    assert {name: round(float(value), 4) for name, value in found.items()} == {
        "accuracy/top1": 15.0, "accuracy/top2": 25.0, "accuracy/top3": 42.5,
        "single-label/precision": 15.1924, "single-label/recall": 14.1204, "single-label/f1-score": 14.1181,
    }  # fmt: skip
