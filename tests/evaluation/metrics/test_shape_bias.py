"""Tests of :mod:`mmpretrain.evaluation.metrics.shape_bias`."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.evaluation import (
    ShapeBiasMetric,
)


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
