"""The evaluator, and what metrics do around their numbers."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation import (
    Evaluator,
    get_metric_value,
)
from mmpretrain.registry import EVALUATORS
from tests.evaluation.cases import Count, scored


def test_several_metrics():
    evaluator = EVALUATORS.build({"type": "Evaluator", "metrics": [{"type": "Accuracy"}, Count(prefix="c")]})
    evaluator.dataset_meta = {"classes": list("abc")}
    assert all(metric.dataset_meta == {"classes": list("abc")} for metric in evaluator.metrics)
    evaluator.process(scored(4), "batch")
    assert evaluator.evaluate(3) == {"accuracy/top1": 100.0, "c/n": 3, "c/batch": "batch"}
    evaluator.process(scored(2))
    assert evaluator.evaluate(3)["c/n"] == 2, "nothing is left of the first evaluation"


def test_same_name_twice():
    evaluator = Evaluator([{"type": "Accuracy"}, {"type": "Accuracy"}])
    evaluator.process(scored(1))
    with pytest.raises(ConfigError, match=r"'accuracy/top1'.*another prefix"):
        evaluator.evaluate(1)


def test_offline():
    evaluator = Evaluator(Count())
    data = [{"inputs": i} for i in range(5)]
    samples = scored(5)
    assert evaluator.offline_evaluate(samples, data, chunk_size=2) == {
        "count/n": 5,
        "count/batch": {"inputs": [0, 1]},
    }
    assert evaluator.offline_evaluate(iter([s.to_dict() for s in samples])) == {
        "count/n": 5,
        "count/batch": None,
    }
    with pytest.raises(ValueError, match="zip"):
        evaluator.offline_evaluate(samples, data[:3])


def test_find_value():
    values = {"accuracy/top1": 1.0, "a/precision": 2.0, "b/precision": 3.0}
    assert get_metric_value("top1", values) == 1.0
    assert get_metric_value("b/precision", values) == 3.0
    with pytest.raises(ConfigError, match="several of them"):
        get_metric_value("precision", values)
    with pytest.raises(ConfigError, match=r"'accuracy'.*none of them: \['a/precision'"):
        get_metric_value("accuracy", values)


@pytest.mark.parametrize(
    ("cfg", "message"),
    [
        ({"type": "SingleLabelMetric", "items": ["accuracy"]}, "items must be among"),
        ({"type": "SingleLabelMetric", "average": "weighted"}, "average must be"),
        ({"type": "MultiLabelMetric", "average": "weighted"}, "average must be"),
        ({"type": "RetrievalRecall", "topk": 0}, "topk must be a positive integer"),
        ({"type": "RetrievalAveragePrecision"}, "topk must be a positive integer"),
        ({"type": "RetrievalAveragePrecision", "topk": 1, "mode": "x"}, "mode must be 'IR' or 'integrate'"),
    ],
)
def test_wrong_settings(cfg, message):
    with pytest.raises(ConfigError, match=message):
        Evaluator(cfg)
