"""The evaluator, and what metrics do around their numbers."""

from __future__ import annotations

import logging
import pickle

import pytest
import torch
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation import (
    BaseMetric,
    ConfusionMatrix,
    Evaluator,
    MultiTasksMetric,
    get_metric_value,
)
from mmpretrain.registry import EVALUATORS
from mmpretrain.structures import DataSample, MultiTaskDataSample


class Count(BaseMetric):
    """Number of samples, and what came along."""

    default_prefix = "count"

    def process(self, data_batch, data_samples):
        self.results += [(data_batch, sample) for sample in data_samples]

    def compute_metrics(self, results):
        assert all(isinstance(sample, dict) for _, sample in results)
        return {"n": len(results), "batch": results[0][0]}


def scored(n: int) -> list[DataSample]:
    return [DataSample().set_gt_label(i % 3).set_pred_score(torch.eye(3)[i % 3]) for i in range(n)]


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


def test_no_results(caplog):
    class Lazy(Count):
        def process(self, data_batch, data_samples):
            """Forget to keep anything."""

        def compute_metrics(self, results):
            return {}

    with caplog.at_level(logging.WARNING):
        assert Lazy().evaluate(0) == {}
    assert "Lazy has no results" in caplog.text


def test_dump(tmp_path):
    """Scores are views of their batch: the file must not hold the batch once per sample."""
    path = tmp_path / "out" / "result.pkl"
    evaluator = Evaluator({"type": "DumpResults", "out_file_path": str(path)})
    batch = torch.rand(64, 1000)
    samples = [DataSample().set_gt_label(1).set_pred_score(score) for score in batch]
    evaluator.process(samples)
    assert evaluator.evaluate(64) == {}
    loaded = pickle.loads(path.read_bytes())
    assert torch.equal(torch.stack([item["pred_score"] for item in loaded]), batch)
    assert loaded[0]["num_classes"] == 1000
    assert path.stat().st_size < 2 * batch.nbytes
    with pytest.raises(ConfigError, match=r"\.pkl or \.pickle"):
        Evaluator({"type": "DumpResults", "out_file_path": "result.json"})


def task_sample(has_colour: bool) -> MultiTaskDataSample:
    sample = MultiTaskDataSample()
    for task, present in (("colour", has_colour), ("shape", True)):
        fields = DataSample(metainfo={"eval_mask": present}).set_pred_score([0.2, 0.8])
        sample.set_field(fields.set_gt_label(1) if present else fields, task)
    return sample


def test_tasks():
    """A sample without labels for a task does not count for it; metrics nest."""
    metric = MultiTasksMetric(
        {"colour": [{"type": "Accuracy"}, {"type": "SingleLabelMetric"}], "shape": [{"type": "Accuracy"}]}
    )
    evaluator = Evaluator([metric])
    evaluator.process([task_sample(False), task_sample(False)])
    assert evaluator.evaluate(2) == {
        "colour_Accuracy": 0,
        "colour_SingleLabelMetric": 0,
        "shape_accuracy/top1": 100.0,
    }
    evaluator.process([task_sample(True), task_sample(False)])
    assert evaluator.evaluate(2)["colour_accuracy/top1"] == 100.0
    twice = MultiTasksMetric({"shape": [{"type": "Accuracy"}] * 2})
    twice.process(None, [task_sample(True).to_dict()])
    with pytest.raises(ConfigError, match=r"task 'shape'.*'accuracy/top1'"):
        twice.evaluate(1)


def test_confusion_matrix_plot():
    matrix = ConfusionMatrix.calculate([0, 1, 1, 2], [0, 1, 0, 2], num_classes=3)
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    figure = ConfusionMatrix.plot(matrix, include_values=True, classes=["a", "b", "c"], show=False)
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a", "b", "c"]
    assert [text.get_text() for text in axes.texts] == ["1", "1", "0", "0", "1", "0", "0", "0", "1"]
    from matplotlib import pyplot as plt

    plt.close(figure)


def test_number_of_classes_comes_from_the_data_set():
    metric = ConfusionMatrix()
    metric.dataset_meta = {"classes": "abcd"}
    metric.process(None, [{"pred_label": torch.tensor([1]), "gt_label": torch.tensor([0])}])
    value: Tensor = metric.evaluate(1)["confusion_matrix/result"]
    assert value.shape == (4, 4)


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


def test_field_that_is_not_there():
    evaluator = Evaluator({"type": "VOCMultiLabelMetric"})
    with pytest.raises(DataError, match="needs gt_label_difficult, but the samples have only"):
        evaluator.process(scored(1))
