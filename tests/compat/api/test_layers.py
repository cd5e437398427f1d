"""Tests of :mod:`mmpretrain.compat.api.layers`."""

from __future__ import annotations

import pytest
import torch
from mmcv.cnn import ConvModule, fuse_conv_bn, get_model_complexity_info
from mmengine.model import revert_sync_batchnorm
from torch import nn


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


def test_expansion_of_blocks():
    from mmpretrain.models.backbones.resnet import BasicBlock, Bottleneck, get_expansion

    class Wide(BasicBlock):
        expansion = 3

    assert [get_expansion(block) for block in (BasicBlock, Bottleneck, Wide)] == [1, 4, 3]
    assert get_expansion(Bottleneck, 2) == 2
    with pytest.raises(TypeError, match="expansion of Linear is not known"):
        get_expansion(torch.nn.Linear)
