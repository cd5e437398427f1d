"""Tests of :mod:`mmpretrain.structures.data_sample`."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from mmpretrain.errors import DataError
from mmpretrain.structures import DataSample, MultiTaskDataSample


@pytest.mark.parametrize("dumps", [pickle.dumps, "forking"])
def test_data_sample_travels_between_processes(dumps):
    from multiprocessing.reduction import ForkingPickler

    sample = DataSample(metainfo={"img_path": "x.jpg"}).set_gt_label(2).set_pred_score([0.2, 0.8])
    sample.half = torch.ones(2, dtype=torch.bfloat16)
    both = MultiTaskDataSample(first=sample)
    data = (ForkingPickler.dumps if dumps == "forking" else dumps)(both)
    back = pickle.loads(bytes(data)).first
    assert type(back) is DataSample
    assert back.all_keys() == sample.all_keys()
    assert back.metainfo == sample.metainfo
    assert torch.equal(back.pred_score, sample.pred_score)
    assert back.half.dtype == torch.bfloat16
    assert isinstance(sample.gt_label, torch.Tensor), "sending does not change the sender's copy"


def test_samples_that_1_x_pickled():
    """As ``pickle.dumps([sample])`` of 1.2 keeps them: the kinds of fields are two sets."""
    state = {
        "_metainfo_fields": {"img_path", "num_classes"},
        "_data_fields": {"gt_label", "pred_score"},
        "img_path": "a.png",
        "gt_label": torch.tensor([1]),
        "pred_score": torch.tensor([0.1, 0.9]),
        "num_classes": 2,
    }
    sample = DataSample.__new__(DataSample)
    sample.__setstate__(state)
    assert sample.keys() == ["gt_label", "pred_score"]
    assert sample.metainfo == {"img_path": "a.png", "num_classes": 2}
    assert pickle.loads(pickle.dumps(sample)).gt_label.tolist() == [1]
    sample.set_gt_label(0)
    assert sample.gt_label.tolist() == [0]


def test_sample_setters():
    sample = DataSample().set_gt_label([0, 2]).set_gt_score([1.0, 0.0, 1.0]).set_pred_label(1)
    assert sample.num_classes == 3
    assert "num_classes" in sample.metainfo_keys()
    assert sample.pred_label.tolist() == [1]
    sample.set_mask(np.zeros((2, 2)))
    assert sample.mask.shape == (2, 2)
    with pytest.raises(DataError, match="pred_score has 2 values, but the sample's num_classes is 3"):
        sample.set_pred_score([0.5, 0.5])
    with pytest.raises(TypeError, match="mask"):
        sample.set_mask([0])


def test_values():
    sample = DataSample().set_gt_value(3).set_pred_value(np.array([2.5, 1.0]))
    assert sample.gt_value.tolist() == [3.0]
    assert sample.gt_value.dtype == torch.float32
    assert sample.pred_value.tolist() == [2.5, 1.0]
    assert sample.set_gt_value(torch.tensor(7)).gt_value.tolist() == [7.0]
    assert sample.set_gt_value(np.float64(0.5)).gt_value.tolist() == [0.5]
    assert sample.set_gt_value(torch.tensor([1, 2])).gt_value.dtype == torch.float32
    with pytest.raises(DataError, match=r"a number or a sequence of numbers, got one of shape \(1, 2\)"):
        sample.set_gt_value([[1.0, 2.0]])
    with pytest.raises(TypeError, match="got str: 'tall'"):
        sample.set_gt_value("tall")
