"""Metrics of the confusion matrix."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation import Evaluator
from mmpretrain.evaluation.metrics.agreement import MatrixMetric
from mmpretrain.structures import DataSample

#: Of 4 samples of class 0 three are found, of 2 of class 1 one, of 2 of class 2 both.
RIGHT, PREDICTED = [0, 0, 0, 0, 1, 1, 2, 2], [0, 0, 0, 2, 1, 0, 2, 2]


def evaluate(*metrics: dict, scores: bool = True) -> dict:
    made = []
    for right, predicted in zip(RIGHT, PREDICTED):
        sample = DataSample().set_gt_label(right)
        made.append(
            sample.set_pred_score(torch.eye(3)[predicted]) if scores else sample.set_pred_label(predicted)
        )
    evaluator = Evaluator(list(metrics))
    evaluator.dataset_meta = {"classes": ["cat", "dog", "cow"]}
    return evaluator.offline_evaluate(made, chunk_size=3)


@pytest.mark.parametrize("scores", [True, False])
def test_values_by_hand(scores):
    values = evaluate(
        {"type": "Sensitivity"},
        {"type": "Specificity", "average": None},
        {"type": "AgreementMetric"},
        {"type": "OrdinalMetric"},
        scores=scores,
    )
    assert values["sensitivity/macro"] == pytest.approx((75 + 50 + 100) / 3)
    assert values["specificity/classwise"] == pytest.approx([75, 100, 100 * 5 / 6])
    assert values["agreement/balanced_accuracy"] == values["sensitivity/macro"]
    assert values["agreement/kappa"] == pytest.approx(1 - (2 / 8) / (1 - (4 * 4 + 2 * 1 + 2 * 3) / 64))
    assert values["agreement/mcc"] == pytest.approx(24 / (38 * 40) ** 0.5 * 40 / 24, abs=1)
    assert values["ordinal/mae"] == pytest.approx(3 / 8)
    assert 0 < values["ordinal/kappa"] < 1


def test_one_class():
    assert evaluate({"type": "Sensitivity", "positive": "dog"}) == {"sensitivity/dog": 50}
    assert evaluate({"type": "Specificity", "positive": 0}) == {"specificity/0": 75}


def test_bad_options():
    with pytest.raises(ConfigError, match=r"one of the classes \(cat, dog, cow\), got 'hen'"):
        evaluate({"type": "Sensitivity", "positive": "hen"})
    with pytest.raises(ConfigError, match="items must be among"):
        evaluate({"type": "AgreementMetric", "items": ["f1"]})
    with pytest.raises(ConfigError, match="weights"):
        evaluate({"type": "AgreementMetric", "weights": "cubic"})
    evaluator = Evaluator({"type": "Sensitivity"})
    sample = DataSample().set_gt_label([0, 1]).set_pred_score([0.1, 0.9])
    with pytest.raises(ConfigError, match="one label per sample"):
        evaluator.offline_evaluate([sample])


def test_samples_tell_the_number_of_classes():
    """Those that 1.x saved do: predictions without scores need no data set then."""
    samples = [
        DataSample(metainfo={"num_classes": 3}).set_gt_label(i % 2).set_pred_label(i % 3) for i in range(6)
    ]
    values = Evaluator([{"type": "AgreementMetric"}, {"type": "ConfusionMatrix"}]).offline_evaluate(samples)
    assert values["agreement/balanced_accuracy"] == pytest.approx(100 / 3)
    assert values["confusion_matrix/result"].tolist() == [[1, 1, 1], [1, 1, 1], [0, 0, 0]]


def test_a_metric_of_a_user_sees_samples():
    class Pairs(MatrixMetric):
        default_prefix = "pairs"

        def compute_metrics(self, results):
            assert results[:4] == [(0, 0, 3), (0, 0, 3), (0, 0, 3), (2, 0, 3)]
            return {"trace": self.confusion(results).trace().item()}

    metric = Pairs()
    metric.dataset_meta = {"classes": ["cat", "dog", "cow"]}
    for right, predicted in zip(RIGHT, PREDICTED):
        metric.process({}, [DataSample().set_gt_label(right).set_pred_label(predicted).to_dict()])
    assert metric.evaluate(8) == {"pairs/trace": 6}
