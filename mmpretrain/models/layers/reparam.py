"""Structural re-parameterisation: several branches in training, one convolution in deployment.

Convolution is linear in its kernel, so the kernels and biases of parallel branches add up, once each is a
kernel of the same size with its batch norm folded in (`RepVGG <https://arxiv.org/abs/2101.03697>`_).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def fuse_conv_norm(kernel: Tensor, norm: nn.BatchNorm2d, bias: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Fold a batch norm in evaluation mode into the convolution before it.

    Args:
        kernel: (C_out, C_in / groups, k, k).
        norm: Batch norm of C_out channels.
        bias: Bias of the convolution, (C_out,).

    Returns:
        Kernel and bias of the one convolution that does both.
    """
    mean, var = norm.running_mean, norm.running_var
    assert mean is not None and var is not None, "only a norm with running statistics can be folded"  # noqa: PT018
    scale = norm.weight / (var + norm.eps).sqrt()
    shift = norm.bias - mean * scale
    return kernel * scale.reshape(-1, 1, 1, 1), shift if bias is None else shift + bias * scale


def identity_kernel(channels: int, kernel_size: int, groups: int = 1, like: Tensor | None = None) -> Tensor:
    """The kernel that changes nothing, (channels, channels / groups, kernel_size, kernel_size)."""
    kernel = torch.zeros(channels, channels // groups, kernel_size, kernel_size)
    center = kernel_size // 2
    rows = torch.arange(channels)
    kernel[rows, rows % (channels // groups), center, center] = 1
    return kernel if like is None else kernel.to(like)


def pad_kernel(kernel: Tensor, size: int) -> Tensor:
    """Centre a kernel in zeros, to ``size`` × ``size``."""
    missing = size - kernel.shape[-1]
    return F.pad(kernel, [missing // 2] * 4) if missing else kernel
