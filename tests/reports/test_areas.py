"""Areas and their intervals, beside the plain way to draw."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.evaluation import Record
from mmpretrain.evaluation.functional import auroc, precision_recall_area
from mmpretrain.evaluation.functional.resampling import bootstrap
from mmpretrain.reports.areas import class_areas, some_of


def records() -> dict[str, Record]:
    random = np.random.RandomState(0)
    scores = random.rand(70, 4).round(2).astype(np.float32)  # with equal scores
    labels = random.randint(0, 3, 70)  # the last class has no sample
    several = random.randint(-1, 2, (70, 4)).astype(np.int8)
    return {"single": Record(scores, labels), "several": Record(scores, several)}


@pytest.mark.parametrize("name", ["single", "several"])
def test_like_the_plain_bootstrap(name):
    record = records()[name]
    areas = class_areas(record, 60, 0.9)
    scores, targets = torch.from_numpy(record.scores), torch.from_numpy(record.targets)
    for metric, values, ends in [
        (auroc, areas.roc, areas.roc_interval),
        (precision_recall_area, areas.precision, areas.precision_interval),
    ]:
        assert values.tolist() == pytest.approx(metric(scores, targets, None).tolist(), nan_ok=True)
        whole = torch.nn.functional.one_hot(targets, 4) if name == "single" else targets
        expected = bootstrap(metric, scores, whole, resamples=60, level=0.9)
        assert ends == pytest.approx((expected.low, expected.high), abs=1e-4)


def test_no_intervals_of_very_many_scores(monkeypatch):
    monkeypatch.setattr("mmpretrain.reports.areas.MOST_SCORES", 100)
    assert np.isnan(class_areas(records()["single"], 60, 0.9).roc_interval).all()


def test_some_of():
    record = records()["single"]
    assert some_of(record, 4 * 70).tolist() == list(range(70))
    assert some_of(record, 4 * 24).tolist() == list(range(0, 70, 3))
