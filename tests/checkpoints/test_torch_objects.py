"""Tests of :mod:`mmpretrain.checkpoints.torch_objects`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.checkpoints import torch_file


@pytest.mark.filterwarnings("ignore:torch.quantize_per")
def test_quantized_tensors(tmp_path):
    scales, zeros = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0, 1, 2])
    saved = [
        torch.quantize_per_tensor(torch.rand(4), 0.1, 2, torch.qint8),
        torch.quantize_per_channel(torch.rand(3, 4), scales, zeros, 0, torch.quint8),
    ]
    torch.save(saved, tmp_path / "a.pth")
    for back, tensor in zip(torch_file.read(tmp_path / "a.pth"), saved):
        assert torch.equal(back.dequantize(), tensor.dequantize())


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old"])
def test_storages_that_tensors_share_stay_shared(tmp_path, zipped):
    base = torch.zeros(10)
    saved = {"whole": base, "part": base[2:4], "versions": nn.Linear(2, 3).state_dict()}
    torch.save(saved, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    read = torch_file.read(tmp_path / "a.pth")
    read["part"].fill_(1)
    assert read["whole"].tolist() == [0, 0, 1, 1, 0, 0, 0, 0, 0, 0]
    assert read["versions"]._metadata == saved["versions"]._metadata
