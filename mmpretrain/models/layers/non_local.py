"""Attention between all places of a map (`Non-local Neural Networks <https://arxiv.org/abs/1711.07971>`_)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.conv import _ConvNd

from mmpretrain.errors import ArgumentError
from mmpretrain.models.init import constant_init, normal_init
from mmpretrain.registry import MODELS

from .configurable import Conv, Norm, configurable
from .conv_module import ConvModule

Mode = Literal["gaussian", "embedded_gaussian", "dot_product", "concatenation"]
MODES = ("gaussian", "embedded_gaussian", "dot_product", "concatenation")


@configurable
class _NonLocal(nn.Module):
    """Adds to each place a weighted sum over all places.

    Shapes: B maps, C channels, D channels inside, N places, M places of the sub-sampled map.

    Args:
        in_channels: C.
        conv: The convolutions.
        pool: Sub-samples the places that are looked at; None takes all.
        reduction: C / D.
        use_scale: Divide the scores of ``'embedded_gaussian'`` by the root of D.
        norm: Norm after the last convolution.
        mode: How two places are compared: ``'gaussian'`` by the softmax of their product,
            ``'embedded_gaussian'`` the same after a convolution of each, ``'dot_product'`` without the
            softmax, ``'concatenation'`` by a layer that sees both.
        std: Standard deviation of the initial weights.
        zeros_init: Start as the identity.
    """

    _abbr_ = "nonlocal_block"

    def __init__(
        self,
        in_channels: int,
        conv: Conv,
        pool: nn.Module | None = None,
        reduction: int = 2,
        use_scale: bool = True,
        norm: Norm | None = None,
        mode: Mode = "embedded_gaussian",
        std: float = 0.01,
        zeros_init: bool = True,
    ) -> None:
        super().__init__()
        if mode not in MODES:
            raise ArgumentError(
                f"NonLocal has no mode {mode!r}", hint=f"Choose one of {', '.join(MODES)}.", key="mode"
            )
        self.mode = mode
        self.use_scale = use_scale
        self.inter_channels = max(in_channels // reduction, 1)
        shape: Mapping[str, Any] = {"kernel_size": 1, "conv": conv, "act": None}
        self.g: nn.Module = ConvModule(in_channels, self.inter_channels, **shape)
        self.conv_out = ConvModule(self.inter_channels, in_channels, norm=norm, **shape)
        if mode != "gaussian":
            self.theta = ConvModule(in_channels, self.inter_channels, **shape)
            self.phi: nn.Module = ConvModule(in_channels, self.inter_channels, **shape)
        if mode == "concatenation":
            self.concat_project = ConvModule(2 * self.inter_channels, 1, 1, bias=False)
        self.init_weights(std, zeros_init)
        if pool is not None:
            self.g = nn.Sequential(self.g, pool)
            self.phi = pool if mode == "gaussian" else nn.Sequential(self.phi, pool)

    def init_weights(self, std: float = 0.01, zeros_init: bool = True) -> None:
        """Draw the weights of the convolutions; with ``zeros_init``, the block adds nothing at first."""
        for name in ("g", "theta", "phi"):
            for module in getattr(self, name, nn.Identity()).modules():
                if isinstance(module, _ConvNd):
                    normal_init(module, std=std)
        last = self.conv_out.norm if self.conv_out.with_norm else self.conv_out.conv
        if zeros_init:
            constant_init(last, 0)
        else:
            normal_init(last, std=std)

    def weights(self, x: Tensor) -> Tensor:
        """The attention weights of a map (B, C, ...), (B, N, M)."""
        if self.mode == "gaussian":
            queries, keys = x, self.phi(x) if hasattr(self, "phi") else x
        else:
            queries, keys = self.theta(x), self.phi(x)
        queries, keys = queries.flatten(2), keys.flatten(2)
        if self.mode == "concatenation":
            pairs = (-1, -1, queries.shape[2], keys.shape[2])
            both = [queries.unsqueeze(3).expand(pairs), keys.unsqueeze(2).expand(pairs)]
            scores = self.concat_project(torch.cat(both, dim=1)).squeeze(1)
        else:
            scores = queries.transpose(1, 2) @ keys
        if "gaussian" not in self.mode:
            return scores / scores.shape[-1]
        if self.mode == "embedded_gaussian" and self.use_scale:
            scores = scores * self.inter_channels**-0.5
        return F.softmax(scores, dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, ...) -> (B, C, ...)."""
        values = self.g(x).flatten(2).transpose(1, 2)  # (B, M, D)
        out = (self.weights(x) @ values).transpose(1, 2)
        return x + self.conv_out(out.reshape(x.shape[0], self.inter_channels, *x.shape[2:]))


@configurable
class NonLocal1d(_NonLocal):
    """Attention between all places of a sequence (B, C, L).

    Args:
        in_channels: C.
        sub_sample: Look at every second place only, after max pooling.
        conv: The convolutions.
        **kwargs: See :class:`NonLocal2d`.
    """

    def __init__(
        self,
        in_channels: int,
        sub_sample: bool = False,
        conv: Conv = nn.Conv1d,
        **kwargs: Any,
    ) -> None:
        super().__init__(in_channels, conv, nn.MaxPool1d(2) if sub_sample else None, **kwargs)


@MODELS.register_module()
@configurable
class NonLocal2d(_NonLocal):
    """Attention between all places of a map (B, C, H, W).

    Args:
        in_channels: C.
        sub_sample: Look at a quarter of the places only, after max pooling.
        conv: The convolutions.
        **kwargs: ``reduction=2``, ``use_scale=True``, ``norm=None``, ``mode='embedded_gaussian'`` (or
            ``'gaussian'``, ``'dot_product'``, ``'concatenation'``), ``std=0.01``, ``zeros_init=True``.
    """

    def __init__(
        self,
        in_channels: int,
        sub_sample: bool = False,
        conv: Conv = nn.Conv2d,
        **kwargs: Any,
    ) -> None:
        super().__init__(in_channels, conv, nn.MaxPool2d(2) if sub_sample else None, **kwargs)


@configurable
class NonLocal3d(_NonLocal):
    """Attention between all places of a clip (B, C, T, H, W).

    Args:
        in_channels: C.
        sub_sample: Look at a quarter of the places of each frame only, after max pooling.
        conv: The convolutions.
        **kwargs: See :class:`NonLocal2d`.
    """

    def __init__(
        self,
        in_channels: int,
        sub_sample: bool = False,
        conv: Conv = nn.Conv3d,
        **kwargs: Any,
    ) -> None:
        super().__init__(in_channels, conv, nn.MaxPool3d((1, 2, 2)) if sub_sample else None, **kwargs)
