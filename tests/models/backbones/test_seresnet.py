"""Tests of :mod:`mmpretrain.models.backbones.seresnet`."""

from __future__ import annotations

from mmpretrain.models.backbones import (
    SEResNet,
    SEResNeXt,
)
from mmpretrain.models.layers import DropPath
from tests.models.backbones.cnn_cases import SMALL


def test_se_resnext_takes_its_ratio():
    model = SEResNeXt(50, se_ratio=4, groups=2, width_per_group=4, drop_path_rate=0.2, **SMALL)
    assert model.layer4[0].se_layer.conv1.out_channels == 128 // 4
    assert model.layer4[0].conv2.groups == 2
    assert isinstance(SEResNet(50, drop_path_rate=0.2, **SMALL).layer4[2].drop_path, DropPath)
