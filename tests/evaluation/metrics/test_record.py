"""Keeping the record of an evaluation."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.evaluation import Evaluator, Record
from mmpretrain.structures import DataSample


def evaluate(samples: list[DataSample], **options) -> tuple[dict, Record | None]:
    evaluator = Evaluator({"type": "RecordPredictions", **options})
    evaluator.dataset_meta = {"classes": ["a", "b"]}
    values = evaluator.offline_evaluate(samples)
    return values, evaluator.metrics[0].record  # pyright: ignore[reportAttributeAccessIssue]


def test_record(tmp_path):
    sample = DataSample(metainfo={"img_path": "x.png"}).set_gt_label(1).set_pred_score([0.3, 0.7])
    values, record = evaluate([sample] * 3, out_dir=str(tmp_path))
    assert values == {}
    assert record is not None
    assert record.classes == ("a", "b")
    assert record.targets.tolist() == [1, 1, 1]
    assert Record.load(tmp_path).paths == ("x.png",) * 3


@pytest.mark.parametrize(
    "sample",
    [
        DataSample().set_gt_label(1),
        DataSample().set_pred_score([0.3, 0.7]),
        DataSample().set_pred_score([0.3, 0.7]).set_gt_score(torch.tensor([0.5, 0.5])),
    ],
    ids=["no-scores", "no-label", "soft-targets"],
)
def test_samples_of_other_tasks_leave_no_record(sample, tmp_path):
    assert evaluate([sample], out_dir=str(tmp_path / "out")) == ({}, None)
    assert not (tmp_path / "out").exists()


def onehot(label: int) -> DataSample:
    sample = DataSample().set_pred_score([0.3, 0.7]).set_gt_label(label)
    return sample.set_gt_score(torch.eye(2, dtype=torch.int64)[label])


def test_models_that_mix_images_have_one_label():
    """Their data preprocessor gives each sample its one-hot vector, in a test, too."""
    for score in ([1, 0], [0.9, 0.1]):
        sample = onehot(0).set_gt_score(torch.tensor(score))
        _, record = evaluate([sample, onehot(1)])
        assert record is not None
        assert record.targets.tolist() == [0, 1]


def test_labels_that_a_record_does_not_take_leave_the_metrics_alone(caplog):
    evaluator = Evaluator([{"type": "RecordPredictions"}, {"type": "Accuracy"}])
    samples = [DataSample().set_pred_score([0.3, 0.7]).set_gt_label(label) for label in (-1, 1)]
    assert evaluator.offline_evaluate(samples) == {"accuracy/top1": 50.0}
    assert "leaves no record: labels must be from 0 to 1" in caplog.text
