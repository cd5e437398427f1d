"""Tests of :mod:`mmpretrain.models.layers.reparam`."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from mmpretrain.models.layers import (
    fuse_conv_norm,
    identity_kernel,
    pad_kernel,
)


def test_reparameterisation(x):
    conv, norm = nn.Conv2d(4, 6, 3, padding=1, groups=2), nn.BatchNorm2d(6).eval()
    norm.running_mean.uniform_(-1, 1)
    norm.running_var.uniform_(0.5, 2)
    nn.init.uniform_(norm.bias)
    kernel, bias = fuse_conv_norm(conv.weight, norm, conv.bias)
    torch.testing.assert_close(F.conv2d(x, kernel, bias, padding=1, groups=2), norm(conv(x)))
    torch.testing.assert_close(F.conv2d(x, identity_kernel(4, 3, groups=2), padding=1, groups=2), x)
    small = torch.rand(6, 4, 1, 1)
    torch.testing.assert_close(F.conv2d(x, pad_kernel(small, 5), padding=2), F.conv2d(x, small))
