"""Tests of :mod:`mmpretrain.models.layers.residual`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.layers.residual import BasicBlock, Bottleneck, ResLayer


def test_a_block_at_zero_is_an_identity():
    block = BasicBlock(8, 8).eval()
    nn.init.zeros_(block.last_norm.weight)
    x = torch.rand(1, 8, 5, 5)
    assert torch.equal(block(x), x)


@pytest.mark.parametrize(("style", "strides"), [("pytorch", [1, 2, 1]), ("caffe", [2, 1, 1])])
def test_where_a_bottleneck_has_its_stride(style, strides):
    block = Bottleneck(8, 16, stride=2, style=style, downsample=nn.Conv2d(8, 16, 1, 2))
    convs = [block.conv1, block.conv2, block.conv3]
    assert [conv.stride[0] for conv in convs] == strides
    assert [conv.kernel_size[0] for conv in convs] == [1, 3, 1]
    assert block(torch.rand(1, 8, 8, 8)).shape == (1, 16, 4, 4)


def test_groups_set_the_width():
    block = Bottleneck(256, 256, groups=32, width_per_group=4)
    assert (block.conv2.groups, block.conv2.in_channels) == (32, 128)  # ResNeXt-50 32x4d


def test_a_stage_changes_the_shape_once():
    stage = ResLayer(BasicBlock, 3, 4, 8, stride=2, avg_down=True)
    assert [type(part) for part in stage[0].downsample] == [nn.AvgPool2d, nn.Conv2d, nn.BatchNorm2d]
    assert stage[1].downsample is None
    assert stage(torch.rand(2, 4, 6, 6)).shape == (2, 8, 3, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Bottleneck(8, 10), "no multiple of expansion=4"),
        (lambda: Bottleneck(8, 8, style="tensorflow"), "style must be"),
        (
            lambda: ResLayer(BasicBlock, 2, 4, 4, drop_path_rate=[0.1]),
            "2 blocks need as many drop-path rates",
        ),
    ],
)
def test_arguments_that_do_not_fit(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()
