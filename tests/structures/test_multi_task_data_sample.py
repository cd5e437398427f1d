"""Tests of :mod:`mmpretrain.structures.multi_task_data_sample`."""

from __future__ import annotations

from mmpretrain.structures import DataSample, MultiTaskDataSample


def test_tasks():
    sample = MultiTaskDataSample()
    sample.colour = DataSample().set_gt_label(1)
    sample.set_field(DataSample(), "shape")
    assert sample.tasks == ["colour", "shape"]
