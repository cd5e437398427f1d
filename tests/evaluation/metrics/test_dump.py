"""Tests of :mod:`mmpretrain.evaluation.metrics.dump`."""

from __future__ import annotations

import pickle

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation import (
    Evaluator,
)
from mmpretrain.structures import DataSample


def test_dump(tmp_path):
    """Scores are views of their batch: the file must not hold the batch once per sample."""
    path = tmp_path / "out" / "result.pkl"
    evaluator = Evaluator({"type": "DumpResults", "out_file_path": str(path)})
    batch = torch.rand(64, 1000)
    samples = [DataSample().set_gt_label(1).set_pred_score(score) for score in batch]
    evaluator.process(samples)
    assert evaluator.evaluate(64) == {}
    loaded = pickle.loads(path.read_bytes())
    assert torch.equal(torch.stack([item["pred_score"] for item in loaded]), batch)
    assert loaded[0]["num_classes"] == 1000
    assert path.stat().st_size < 2 * batch.nbytes
    with pytest.raises(ConfigError, match=r"\.pkl or \.pickle"):
        Evaluator({"type": "DumpResults", "out_file_path": "result.json"})
