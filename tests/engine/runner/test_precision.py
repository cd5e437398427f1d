"""Tests of :mod:`mmpretrain.engine.runner.precision`."""

from __future__ import annotations

import torch

from mmpretrain.engine.runner.precision import Autocast, FullPrecision, build_precision


def test_precision_of_evaluation():
    cpu = torch.device("cpu")
    assert isinstance(build_precision(None, cpu), FullPrecision)
    with build_precision("fp16", cpu).context():
        assert (torch.rand(2, 2) @ torch.rand(2, 2)).dtype == torch.bfloat16
    assert isinstance(build_precision("fp16", torch.device("cuda")), Autocast)
