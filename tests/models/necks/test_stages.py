"""Tests of :mod:`mmpretrain.models.necks.stages`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.models.necks.stages import per_stage


def test_one_stage_or_several():
    one, two = torch.ones(1), torch.ones(2)
    assert per_stage(lambda x: x * 2, one).tolist() == [2.0]
    assert [x.tolist() for x in per_stage(lambda x: x * 2, [one, two])] == [[2.0], [2.0, 2.0]]
    with pytest.raises(TypeError, match="a tensor or a tuple of tensors, got dict"):
        per_stage(lambda x: x, {"a": one})
