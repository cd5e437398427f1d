"""Functions on models and batches, and checkpoints, under the names of MMEngine and MMCV."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmcv.cnn import ConvModule, fuse_conv_bn, get_model_complexity_info
from mmcv.parallel import DataContainer, MMDataParallel, collate, is_module_wrapper, scatter
from mmcv.runner import load_checkpoint, load_state_dict, save_checkpoint
from mmengine.model import revert_sync_batchnorm, stack_batch
from mmengine.runner import CheckpointLoader, find_latest_checkpoint, set_random_seed
from torch import nn

from mmpretrain.errors import CheckpointError, ConfigError


def small_model() -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(
        ConvModule(3, 4, 3, norm_cfg=dict(type="BN")), nn.Conv2d(4, 5, 1), nn.BatchNorm2d(5)
    )
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight)
    return model.eval()


def test_fused_convolutions_give_the_same():
    model, x = small_model(), torch.rand(2, 3, 8, 8)
    expected = model(x)
    fused = fuse_conv_bn(model)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in fused.modules())
    torch.testing.assert_close(fused(x), expected, atol=1e-5, rtol=1e-5)


def test_sync_batch_norms_are_reverted():
    model, x = small_model(), torch.rand(2, 3, 8, 8)
    expected = model(x)
    reverted = revert_sync_batchnorm(nn.SyncBatchNorm.convert_sync_batchnorm(model))
    assert not any(isinstance(module, nn.SyncBatchNorm) for module in reverted.modules())
    torch.testing.assert_close(reverted(x), expected)


def test_complexity():
    model = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False))
    assert get_model_complexity_info(model, (3, 8, 8), as_strings=False) == (6 * 6 * 4 * 27, 108)


def test_batches_of_different_sizes():
    batch = stack_batch([torch.ones(1, 2, 3), torch.ones(1, 4, 2)], pad_size_divisor=4, pad_value=7)
    assert batch.shape == (2, 1, 4, 4)
    assert batch[0, 0, 3, 3] == 7
    assert batch[0].sum() == 6 + 10 * 7


def test_containers_and_devices():
    samples = [dict(img=torch.full((3, 2, 2), i), img_metas=DataContainer({"n": i})) for i in range(4)]
    batch = collate(samples, samples_per_gpu=4)
    assert batch["img"].shape == (4, 3, 2, 2)
    (on_device,) = scatter(batch, [-1])
    assert [meta["n"] for meta in on_device["img_metas"]] == [0, 1, 2, 3]
    wrapped = MMDataParallel(nn.Linear(2, 1), device_ids=[-1])
    assert wrapped(torch.zeros(3, 2)).shape == (3, 1)
    assert is_module_wrapper(wrapped)
    with pytest.raises(ConfigError, match="one device"):
        MMDataParallel(nn.Linear(2, 1), device_ids=[0, 1])


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


def test_seeds():
    assert set_random_seed(5) == 5
    first = np.random.rand(), torch.rand(1).item()
    set_random_seed(5)
    assert first == (np.random.rand(), torch.rand(1).item())
    with pytest.raises(ConfigError, match="whole number"):
        set_random_seed("5")  # type: ignore[arg-type]
