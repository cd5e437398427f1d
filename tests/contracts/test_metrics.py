"""What every metric of classification and retrieval must do."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

from mmpretrain.evaluation import Evaluator
from mmpretrain.registry import METRICS
from mmpretrain.structures import DataSample, MultiTaskDataSample
from tests.contracts.signatures import check_signature
from tests.golden.facts import load

SIZE, C = 12, 4

#: name -> arguments
METRIC_ARGUMENTS = {
    "AUPRC": {},
    "AUROC": {"average": ("macro", "micro", None)},
    "Accuracy": {"topk": (1, 2)},
    "AgreementMetric": {},
    "AveragePrecision": {},
    "CalibrationMetric": {},
    "ConfidenceInterval": {"metric": {"type": "Accuracy"}, "resamples": 5},
    "ConfusionMatrix": {},
    "MultiLabelMetric": {},
    "MultiTasksMetric": {"task_metrics": {"task": [{"type": "Accuracy"}]}},
    "OrdinalMetric": {},
    "RegressionMetric": {},
    "RetrievalAveragePrecision": {"topk": 3},
    "RetrievalRecall": {"topk": (1, 2)},
    "Sensitivity": {},
    "SingleLabelMetric": {"items": ("precision", "support")},
    "Specificity": {"average": None},
    "ThresholdSelection": {},
    "VOCAveragePrecision": {},
    "VOCMultiLabelMetric": {},
}


def samples(name: str) -> list:
    r = torch.Generator().manual_seed(0)
    out = []
    for i in range(SIZE):
        sample = DataSample(metainfo={"img_path": f"{i}.jpg", "gt_label_difficult": [i % C]})
        sample.set_gt_label((i * i) % C).set_pred_score(torch.rand(C, generator=r))
        sample.set_gt_value([i, i * i]).set_pred_value(torch.rand(2, generator=r))
        if name == "MultiTasksMetric":
            sample.set_field(i % 2 == 0, "eval_mask", field_type="metainfo")
            sample = MultiTaskDataSample(task=sample)
        out.append(sample)
    return out


def evaluate(evaluator: Evaluator, data: list, batch_size: int) -> dict:
    for start in range(0, SIZE, batch_size):
        evaluator.process(data[start : start + batch_size], None)
    values = evaluator.evaluate(SIZE)
    return {k: v.tolist() if isinstance(v, torch.Tensor) else v for k, v in values.items()}


#: Without those that hand everything on to others.
WITH_OWN_RESULTS = [name for name in METRIC_ARGUMENTS if name != "MultiTasksMetric"]

#: Those of 1.x; upstream's signatures of the others are `*args, **kwargs`.
WITH_SIGNATURE = [
    name
    for name in [*METRIC_ARGUMENTS, "ShapeBiasMetric"]
    if name in load("components")["mmpretrain.METRICS"] and not name.startswith("VOC")
]


@pytest.mark.parametrize("name", WITH_SIGNATURE)
def test_signature(name):
    check_signature("mmpretrain.METRICS", name, METRICS.get(name))


@pytest.mark.parametrize("name", METRIC_ARGUMENTS)
def test_values_do_not_depend_on_batches(name):
    evaluator = Evaluator({"type": name, **METRIC_ARGUMENTS[name]})
    data = samples(name)
    before = copy.deepcopy([sample.to_dict() for sample in data])
    values = evaluate(evaluator, data, batch_size=5)
    assert values
    assert all(isinstance(key, str) for key in values)
    again = evaluate(evaluator, data, batch_size=SIZE)
    assert str(again) == str(values), "also: the second run starts again"  # as text, for NaN
    assert str(before) == str([sample.to_dict() for sample in data]), "the samples are left alone"


@pytest.mark.parametrize("name", WITH_OWN_RESULTS)
def test_padding_is_cut_off(name):
    data = samples(name)
    evaluator = Evaluator({"type": name, **METRIC_ARGUMENTS[name]})
    expected = evaluate(evaluator, data, batch_size=SIZE)
    evaluator.process(data)
    evaluator.process(data[:3])
    values = evaluator.evaluate(SIZE)
    assert str({k: v.tolist() if isinstance(v, torch.Tensor) else v for k, v in values.items()}) == str(
        expected
    )


@pytest.mark.parametrize("name", METRIC_ARGUMENTS)
def test_pickles_with_results(name):
    metric = METRICS.build({"type": name, **METRIC_ARGUMENTS[name]})
    metric.process(None, [sample.to_dict() for sample in samples(name)])
    again = pickle.loads(pickle.dumps(metric))
    assert str(again.evaluate(SIZE)) == str(metric.evaluate(SIZE))


@pytest.mark.parametrize("name", WITH_OWN_RESULTS)
def test_prefix(name):
    evaluator = Evaluator({"type": name, **METRIC_ARGUMENTS[name], "prefix": "mine"})
    assert all(key.startswith("mine/") for key in evaluate(evaluator, samples(name), SIZE))
