"""Metrics as functions; numbers are from the reference environment unless they can be seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation import (
    AveragePrecision,
    MultiLabelMetric,
    RetrievalAveragePrecision,
    RetrievalRecall,
    ShapeBiasMetric,
    SingleLabelMetric,
)
from mmpretrain.evaluation.functional import (
    average_precision,
    confusion_matrix,
    multi_label_scores,
    single_label_scores,
    to_tensor,
)

FOUND = [torch.arange(100.0)] * 3
RIGHT = [[0, 3, 6, 8, 35], [1, 2, 54, 105], [2, 42, 205]]


def test_retrieval_by_index():
    assert RetrievalAveragePrecision.calculate(FOUND, RIGHT, 10, True, True) == pytest.approx(29.246031746)
    value = RetrievalAveragePrecision.calculate(FOUND, RIGHT, 10, True, True, "integrate")
    assert value == pytest.approx(23.511904761)
    recall = RetrievalRecall.calculate(FOUND, RIGHT, (1, 2, 3), True, True)
    assert [round(value.item(), 4) for value in recall] == [33.3333, 66.6667, 100.0]
    assert len(FOUND[0]) == 100, "the caller's lists are left alone"


def test_retrieval_with_fewer_items_than_k():
    pred, target = np.array([[0.9, 0.1]]), torch.tensor([[0, 1]])
    assert RetrievalRecall.calculate(pred, target, 5) == [torch.tensor(100.0)]
    assert RetrievalAveragePrecision.calculate(pred, target, 5) == 50.0
    assert RetrievalAveragePrecision.calculate(pred, torch.tensor([[0, 0]]), 5) == 0.0


def test_labels_by_index():
    pred, target = [[0], [1], [0, 1], [3]], [[0, 3], [0, 2], [1], [3]]
    scores = MultiLabelMetric.calculate(pred, target, True, True, num_classes=4)
    assert [round(value.item(), 4) for value in scores] == [50.0, 50.0, 45.8333, 6]
    scores = SingleLabelMetric.calculate([0, 1, 1, 3], [0, 2, 1, 3], num_classes=4)
    assert [round(value.item(), 4) for value in scores] == [62.5, 75.0, 66.6667, 4]


def test_average_precision_against_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    r = np.random.RandomState(0)
    pred, target = r.rand(50, 4).astype(np.float32), r.rand(50, 4) > 0.7
    expected = [100 * metrics.average_precision_score(target[:, k], pred[:, k]) for k in range(4)]
    np.testing.assert_allclose(AveragePrecision.calculate(pred, target, average=None), expected, rtol=1e-5)
    target = target.astype(int)
    target[:10, 0] = -1
    expected = 100 * metrics.average_precision_score(target[10:, 0], pred[10:, 0])
    assert average_precision(pred, target, None)[0].item() == pytest.approx(expected, rel=1e-5)


def test_shape_bias(tmp_path):
    """The table that the reference environment wrote for the same scores."""
    r = np.random.RandomState(5)
    scores = torch.tensor(r.rand(6, 1000) ** 8, dtype=torch.float32)
    names = [
        "airplane/airplane1-bear1.png", "dog/dog2-cat1.png", "oven/oven3-car1.png",
        "knife/knife1-dog1.png", "bird/bird1.png", "truck/t.png",
    ]  # fmt: skip
    metric = ShapeBiasMetric(str(tmp_path / "csv"), "net")
    metric.process(None, [{"pred_score": s, "img_path": f"data/{n}"} for s, n in zip(scores, names)])
    assert metric.evaluate(6) == {"accuracy/top1": pytest.approx(1 / 6)}
    table = (tmp_path / "csv" / "cue_conflict_net_session-1.csv").read_bytes()
    assert table == (
        b"subj,session,trial,rt,object_response,category,condition,imagename\r\n"
        b"net,1,1,NaN,airplane,airplane,NaN,airplane1-bear1.png\r\n"
        b"net,1,2,NaN,oven,dog,NaN,dog2-cat1.png\r\n"
        b"net,1,3,NaN,chair,oven,NaN,oven3-car1.png\r\n"
        b"net,1,4,NaN,clock,knife,NaN,knife1-dog1.png\r\n"
        b"net,1,5,NaN,car,bird,NaN,bird1.png\r\n"
        b"net,1,6,NaN,knife,truck,NaN,t.png\r\n"
    )


def test_wrong_input():
    with pytest.raises(TypeError, match="Expected a tensor, an array or a sequence, got str"):
        to_tensor("abc")
    with pytest.raises(ConfigError, match="num_classes is needed"):
        confusion_matrix([0], [0])
    with pytest.raises(ConfigError, match="num_classes is needed"):
        single_label_scores([0], [0])
    with pytest.raises(ConfigError, match="num_classes is needed"):
        multi_label_scores([[0]], [[0]], pred_indices=True)
    with pytest.raises(DataError, match=r"predictions have shape \(1, 2\), the targets \(1, 3\)"):
        multi_label_scores([[0, 1]], [[0, 1, 1]])
    with pytest.raises(DataError, match="one number per class"):
        multi_label_scores(torch.zeros(2), torch.zeros(2))
    with pytest.raises(DataError, match=r"must both have shape \(N, C\)"):
        average_precision(torch.zeros(2), torch.zeros(2))
    with pytest.raises(ConfigError, match="average must be 'macro' or None"):
        average_precision(torch.zeros(2, 2), torch.zeros(2, 2), "micro")  # type: ignore[arg-type]
