"""Tests of :mod:`mmpretrain.config.checks.results`."""

from __future__ import annotations

from tests.config.validate_cases import GOOD, problems


def test_save_best_without_validation(write):
    text = GOOD.replace("val_evaluator = dict", "x = dict").replace("val_cfg = dict()", "")
    text = text.replace("val_dataloader = dict", "y = dict")
    assert any("there is no val_evaluator" in item for item in problems(write, text))


def test_a_metric_for_one_label_meets_a_data_set_with_several(write):
    text = GOOD.replace("type='CustomDataset', data_prefix=''", "type='MultiLabelDataset', ann_file=''")
    assert any("Accuracy is for one label per image" in item for item in problems(write, text))


def test_results_of_the_metrics_are_those_that_they_report():
    """The names that the check knows are the names that the metrics give."""
    import torch

    from mmpretrain.config.checks.results import result_names
    from mmpretrain.registry import METRICS
    from mmpretrain.structures import DataSample

    samples = []
    for label in (0, 1, 2, 1):
        sample = DataSample().set_gt_label(label).set_pred_score(torch.eye(6)[label])
        samples.append({"pred_score": sample.pred_score, "gt_label": sample.gt_label})
    for metric in (
        dict(type="Accuracy", topk=(1, 5)),
        dict(type="Accuracy", topk=(1, 2), thrs=(0.0, None)),
        dict(type="SingleLabelMetric"),
        dict(type="SingleLabelMetric", items=("precision",), average=None),
        dict(type="SingleLabelMetric", average="micro", thrs=(0.1, 0.5)),
        dict(type="MultiLabelMetric", thr=0.5),
        dict(type="MultiLabelMetric", thr=0.3, average=None),
        dict(type="MultiLabelMetric", topk=2, average="micro"),
        dict(type="AveragePrecision"),
    ):
        built = METRICS.build(metric)
        built.process(None, [dict(sample, num_classes=6) for sample in samples])
        assert set(built.evaluate(len(samples))) == result_names([metric]), metric
    assert result_names([dict(type="Unknown")]) is None
