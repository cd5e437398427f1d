"""Tests of :mod:`mmpretrain.compat.api.checkpoints`."""

from __future__ import annotations

import pytest
import torch
from mmcv.parallel import MMDataParallel
from mmcv.runner import load_checkpoint, load_state_dict, save_checkpoint
from mmengine.runner import CheckpointLoader, find_latest_checkpoint
from torch import nn

from mmpretrain.errors import CheckpointError


def test_checkpoints(tmp_path):
    model, other = nn.Linear(2, 3), nn.Linear(2, 3)
    model.CLASSES = ("a", "b", "c")
    path = str(tmp_path / "a.pth")
    save_checkpoint(model, path, optimizer=torch.optim.SGD(model.parameters(), lr=0.1), meta={"epoch": 3})
    content = load_checkpoint(other, path, map_location="cpu")
    assert content["meta"]["epoch"] == 3
    assert content["meta"]["CLASSES"] == ("a", "b", "c")
    assert "optimizer" in content
    assert torch.equal(other.weight, model.weight)
    assert CheckpointLoader.load_checkpoint(path).keys() == content.keys()
    load_state_dict(MMDataParallel(other, [-1]), model.state_dict(), strict=True)
    with pytest.raises(CheckpointError):
        load_state_dict(other, {"weight": torch.zeros(2, 2)}, strict=True)
    assert find_latest_checkpoint(str(tmp_path)) is None
    (tmp_path / "last_checkpoint").write_text(path)
    assert find_latest_checkpoint(str(tmp_path)) == path
