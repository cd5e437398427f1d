"""Metrics of scores: names, one label or several, and one value by hand each."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation import Evaluator
from mmpretrain.evaluation.functional import (
    auroc,
    brier_score,
    classwise_calibration_error,
    expected_calibration_error,
    negative_log_likelihood,
    precision_recall_area,
    select_thresholds,
)
from mmpretrain.registry import METRICS
from mmpretrain.structures import DataSample


def samples(scores, targets, several: bool = False) -> list[DataSample]:
    made = []
    for score, target in zip(scores, targets):
        sample = DataSample().set_pred_score(score)
        made.append(sample.set_gt_score(target) if several else sample.set_gt_label(target))
    return made


@pytest.fixture(scope="module")
def data() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    labels = torch.randint(3, (40,), generator=generator)
    return (torch.randn(40, 3, generator=generator) + torch.eye(3)[labels]).softmax(1), labels


def test_one_label(data):
    scores, labels = data
    metrics = [
        {"type": "AUROC", "average": ["macro", "micro", None]},
        {"type": "AUPRC"},
        {"type": "CalibrationMetric", "num_bins": 10},
        {"type": "ThresholdSelection"},
    ]
    values = Evaluator(metrics).offline_evaluate(samples(scores, labels.tolist()), chunk_size=7)
    assert values == {
        "auroc/macro": auroc(scores, labels).item(),
        "auroc/micro": auroc(scores, labels, "micro").item(),
        "auroc/classwise": auroc(scores, labels, None).tolist(),
        "auprc/macro": precision_recall_area(scores, labels).item(),
        "calibration/ece": expected_calibration_error(scores, labels, 10).item(),
        "calibration/classwise_ece": classwise_calibration_error(scores, labels, 10).mean().item(),
        "calibration/brier": brier_score(scores, labels).item(),
        "calibration/nll": negative_log_likelihood(scores, labels).item(),
        "thresholds/classwise": select_thresholds(scores, labels).tolist(),
    }


def test_several_labels(data):
    scores, _ = data
    targets = (scores > 0.3).float()
    expected = {"auroc/macro": auroc(scores, targets).item()}
    evaluator = Evaluator({"type": "AUROC"})
    assert evaluator.offline_evaluate(samples(scores, targets, several=True)) == expected
    labels = [target.nonzero().flatten() for target in targets]
    assert evaluator.offline_evaluate(samples(scores, labels)) == expected


def test_bad_options():
    with pytest.raises(ConfigError, match="average"):
        Evaluator({"type": "AUROC", "average": "weighted"})
    with pytest.raises(ConfigError, match="items must be among ece"):
        Evaluator({"type": "CalibrationMetric", "items": ["mce"]})
    with pytest.raises(ConfigError, match="at_least"):
        Evaluator({"type": "ThresholdSelection", "criterion": "recall"})


def test_one_hot_targets_are_labels(data):
    """Also where samples of one batch have one, the other, or both; soft ones need a label besides."""
    scores, labels = data
    expected = auroc(scores, labels).item()
    made = samples(scores, labels.tolist())
    targets = torch.eye(3, dtype=torch.int64)[labels]
    for index, (sample, target) in enumerate(zip(made, targets)):
        if index % 3:
            sample.set_gt_score(target if index % 3 == 1 else target * 0.9)
    metrics = [{"type": "AUROC"}, {"type": "CalibrationMetric", "items": ["brier"]}]
    values = Evaluator(metrics).offline_evaluate(made, chunk_size=8)
    assert values == {"auroc/macro": expected, "calibration/brier": brier_score(scores, labels).item()}
    with pytest.raises(DataError, match="A target must be 1 for the classes"):
        Evaluator({"type": "AUROC"}).offline_evaluate(samples(scores, targets * 0.9, several=True))


def test_a_class_named_twice_counts_once(data):
    scores, _ = data
    expected = Evaluator({"type": "AUROC"}).offline_evaluate(samples(scores, [[0, 1], [2, 1]] * 20))
    twice = samples(scores, [[0, 1, 1], [2, 1, 2]] * 20)
    assert Evaluator({"type": "AUROC"}).offline_evaluate(twice) == expected
    with pytest.raises(DataError, match="a label is 3"):
        Evaluator({"type": "AUROC"}).offline_evaluate(samples(scores, [[0, 1], [2, 3]] * 20))


@pytest.mark.parametrize("kind", ["AUROC", "AUPRC", "CalibrationMetric", "ThresholdSelection"])
def test_whole_batches_give_what_single_samples_give(data, kind):
    """A class of a user sees single samples; ours keep a batch as columns."""
    base = METRICS.get(kind)

    class Own(base):  # type: ignore[misc,valid-type]
        def process(self, data_batch, data_samples):
            super().process(data_batch, data_samples)

    scores, labels = data
    several = [[0, 2], [1], [], [2]] * 10
    both = samples(scores, labels.tolist())
    for index, sample in enumerate(both):
        if index % 2:
            sample.set_gt_score(torch.tensor([1, 0, -1]))
    targets = torch.stack([torch.tensor([1, -1, 0]), torch.tensor([0, 1, 1])]).repeat(20, 1)
    for made in (
        samples(scores, labels.tolist()),
        samples(scores, several),
        samples(scores, targets, several=True),
        samples(scores, targets.float(), several=True),
        both,
    ):
        ours, theirs = base(), Own()
        values = [Evaluator(metric).offline_evaluate(made, chunk_size=7) for metric in (ours, theirs)]
        assert str(values[0]) == str(values[1])  # NaN is NaN
    assert len(theirs.results) == 0


def test_targets_must_fit_the_scores(data):
    scores, _ = data
    metric = METRICS.build({"type": "AUROC"})
    with pytest.raises(DataError, match="There are 3 scores of a sample, and 2 targets"):
        metric.process({}, [{"pred_score": scores[0], "gt_score": torch.tensor([0, 1])}])
    with pytest.raises(DataError, match=r"a label is 3|Labels must be from 0 to 2"):
        Evaluator({"type": "AUROC"}).offline_evaluate(samples(scores, [3] * 40))
