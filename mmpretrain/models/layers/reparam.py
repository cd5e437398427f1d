"""Structural re-parameterisation: several branches in training, one convolution in deployment.

Convolution is linear in its kernel, so the kernels and biases of parallel branches add up, once each is a
kernel of the same size with its batch norm folded in (`RepVGG <https://arxiv.org/abs/2101.03697>`_).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError
from mmpretrain.models.base import BaseModule, Sequential

from .configurable import Conv, Norm


def fuse_conv_norm(kernel: Tensor, norm: Any, bias: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Fold a batch norm in evaluation mode into the convolution or linear layer before it.

    Args:
        kernel: (C_out, ...).
        norm: Batch norm of C_out channels.
        bias: Bias of the layer, (C_out,).

    Returns:
        Kernel and bias of the one layer that does both.
    """
    mean, var = norm.running_mean, norm.running_var
    if mean is None or var is None:
        raise ValueError("Only a norm with running statistics can be folded into a convolution")
    scale = norm.weight / (var + norm.eps).sqrt()
    shift = norm.bias - mean * scale
    return kernel * scale.view(-1, *(1,) * (kernel.ndim - 1)), shift if bias is None else shift + bias * scale


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


class ReparamBlock(BaseModule):
    """Branches of convolution and norm, and perhaps of a norm alone, that merge to one convolution.

    Subclasses add the branches as attributes with these names, or ``branch_reparam`` in deployed form.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        kernel_size: Of the largest branch.
        groups: Groups of all convolutions.
        conv: The convolution.
        norm: The norm; only a batch norm can be merged.
        deploy: Build the deployed form.
        init_cfg: How the weights are initialised.
        **shape: Stride, padding and dilation of the largest branch.
    """

    #: Attributes of branches with a convolution; lists of branches too.
    branch_names: tuple[str, ...] = ()
    branch_norm: nn.Module | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        groups: int,
        conv: Conv,
        norm: Norm,
        deploy: bool,
        init_cfg: dict | list[dict] | None,
        **shape: int,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.shape = kernel_size, shape
        self.make_conv, self.make_norm = conv, norm
        self.deploy = deploy

    def merged_conv(self) -> nn.Module:
        """The one convolution of the deployed form."""
        channels, shape = (self.in_channels, self.out_channels), {"groups": self.groups, **self.shape}
        return self.make_conv(*channels, self.kernel_size, bias=True, **shape)

    def conv_norm(self, kernel_size: int) -> Sequential:
        """A branch: ``conv`` and ``norm``."""
        shape = self.shape if kernel_size == self.kernel_size else {"stride": self.shape["stride"]}
        channels = (self.in_channels, self.out_channels)
        conv = self.make_conv(*channels, kernel_size, bias=False, groups=self.groups, **shape)
        branch = Sequential()
        branch.add_module("conv", conv)
        branch.add_module("norm", self.make_norm(self.out_channels))
        return branch

    def branches(self) -> Iterator[Any]:
        """All branches with a convolution."""
        for name in self.branch_names:
            branch = getattr(self, name)
            if isinstance(branch, nn.ModuleList):
                yield from branch
            elif branch is not None:
                yield branch

    def merge(self, x: Tensor) -> Tensor:
        """The sum of all branches, or what the one convolution gives, (B, C', H / stride, W / stride)."""
        if self.deploy:
            return self.branch_reparam(x)
        first, *others = [*self.branches(), *([] if self.branch_norm is None else [self.branch_norm])]
        out = first(x)
        for branch in others:
            out = out + branch(x)
        return out

    @torch.no_grad()
    def reparameterize(self) -> tuple[Tensor, Tensor]:
        """Kernel and bias of the one convolution."""
        size = self.kernel_size
        folded = [fuse_conv_norm(pad_kernel(b.conv.weight, size), b.norm) for b in self.branches()]
        if self.branch_norm is not None:
            kernel = identity_kernel(self.in_channels, size, self.groups, like=folded[0][0])
            folded.append(fuse_conv_norm(kernel, self.branch_norm))  # type: ignore[arg-type]
        kernels, biases = zip(*folded)
        return torch.stack(kernels).sum(0), torch.stack(biases).sum(0)

    def switch_to_deploy(self) -> None:
        """Replace the branches by one convolution, for evaluation."""
        if self.deploy:
            return
        if not all(isinstance(branch.norm, nn.BatchNorm2d) for branch in self.branches()):
            raise ArgumentError("Only batch norms can be folded into convolutions", key="norm_cfg")
        kernel, bias = self.reparameterize()
        conv: Any = self.merged_conv().to(kernel)
        conv.weight.data, conv.bias.data = kernel, bias
        self.branch_reparam = conv
        for name in (*self.branch_names, "branch_norm"):
            delattr(self, name)
        for parameter in self.parameters():
            parameter.requires_grad = False
        self.deploy = True


def switch_to_deploy(model: nn.Module) -> None:
    """Merge the branches of every :class:`ReparamBlock` in a model."""
    for module in model.modules():
        if isinstance(module, ReparamBlock):
            module.switch_to_deploy()


def fuse_layers(module: nn.Module) -> None:
    """Replace each submodule that has a method ``fuse`` by what that returns, in place."""
    for name, child in list(module.named_children()):
        if hasattr(child, "fuse"):
            setattr(module, name, child.fuse())  # type: ignore[operator]
        else:
            fuse_layers(child)
