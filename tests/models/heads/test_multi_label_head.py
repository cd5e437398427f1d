"""Tests of :mod:`mmpretrain.models.heads.multi_label_head`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.models import (
    CSRAClsHead,
    MultiLabelClsHead,
)


def test_multi_label_thresholds():
    scores = (torch.tensor([[2.0, -2.0, 0.1], [-9.0, -9.0, -9.0]]),)
    labels = [s.pred_label.tolist() for s in MultiLabelClsHead().predict(scores)]
    assert labels == [[0, 2], []]
    labels = [s.pred_label.tolist() for s in MultiLabelClsHead(topk=1).predict(scores)]
    assert labels[0] == [0]
    with pytest.raises(ConfigError, match=r"num_heads must be one of \[1, 2, 4, 6, 8\]"):
        CSRAClsHead(num_classes=3, in_channels=6, num_heads=3, lam=0.1)
    with pytest.raises(ConfigError, match="lam must be positive"):
        CSRAClsHead(num_classes=3, in_channels=6, num_heads=1, lam=0)
