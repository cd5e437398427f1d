"""Layers that compute only where an image is visible, for masked-image modelling with convolutions.

From `SparK <https://arxiv.org/abs/2301.03580>`_. What is hidden stays zero, however often a map is convolved.
The layers of a network share one :class:`ActiveMap`; without a mask they compute as usual.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.models.layers.layer_norm import DataFormat, LayerNorm2d
from mmpretrain.registry import MODELS


class ActiveMap:
    """The mask that the layers of a network read: (B, 1, f, g), 1 or True where an image is visible."""

    def __init__(self) -> None:
        self.mask = None

    @property
    def mask(self) -> Tensor | None:
        """The mask; None if all is visible."""
        return self._mask

    @mask.setter
    def mask(self, mask: Tensor | None) -> None:
        self._mask = mask
        # What is made of the mask for maps of a size, which many layers share.
        self._enlarged: dict[tuple[int, int], Tensor] = {}
        self._positions: dict[tuple[int, int], tuple[Tensor, ...]] = {}

    def at(self, height: int, width: int) -> Tensor | None:
        """The mask for a map of that size, (B, 1, height, width)."""
        if self.mask is None:
            return None
        if (height, width) not in self._enlarged:
            rows, columns = height // self.mask.shape[2], width // self.mask.shape[3]
            enlarged = self.mask.repeat_interleave(rows, 2).repeat_interleave(columns, 3)
            self._enlarged[height, width] = enlarged
        return self._enlarged[height, width]

    def visible(self, height: int, width: int) -> tuple[Tensor, ...] | None:
        """Image, row and column of the visible positions of maps of that size."""
        mask = self.at(height, width)
        if mask is None:
            return None
        if (height, width) not in self._positions:
            self._positions[height, width] = mask.squeeze(1).nonzero(as_tuple=True)
        return self._positions[height, width]

    def hide(self, x: Tensor) -> Tensor:
        """Set a map (B, C, H, W), which is overwritten, to zero where it is hidden."""
        mask = self.at(x.shape[2], x.shape[3])
        return x if mask is None else x.mul_(mask)


class SparseLayer(nn.Module):
    """A layer that reads a mask; until it joins a network, one of its own."""

    active: ActiveMap

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.active = ActiveMap()


class SparseConv2d(SparseLayer, nn.Conv2d):
    """A convolution whose output is zero where the image is hidden."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H', W')."""
        return self.active.hide(super().forward(x))


class SparseMaxPooling(SparseLayer, nn.MaxPool2d):
    """Maximum pooling whose output is zero where the image is hidden."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, H', W')."""
        out: Any = super().forward(x)
        return self.active.hide(out)


class SparseAvgPooling(SparseLayer, nn.AvgPool2d):
    """Average pooling whose output is zero where the image is hidden."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, H', W')."""
        return self.active.hide(super().forward(x))


class _SparseBatchNorm(SparseLayer):
    """A batch norm whose statistics are those of the visible positions."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, H, W)."""
        mask = self.active.at(x.shape[2], x.shape[3])
        if mask is None or not self.training:
            out = super().forward(x.flatten(2)).unflatten(2, x.shape[2:])
            return out if mask is None else out * mask.to(out.dtype)
        visible = self.active.visible(x.shape[2], x.shape[3])
        assert visible is not None
        channels_last = x.permute(0, 2, 3, 1)
        normed = super().forward(channels_last[visible])
        out = torch.zeros_like(channels_last, dtype=normed.dtype)
        out[visible] = normed
        return out.permute(0, 3, 1, 2)


@MODELS.register_module()
class SparseSyncBatchNorm2d(_SparseBatchNorm, nn.SyncBatchNorm):
    """``nn.SyncBatchNorm`` over the visible positions of a map (B, C, H, W)."""


@MODELS.register_module()
class SparseBatchNorm2d(_SparseBatchNorm, nn.BatchNorm1d):
    """``nn.BatchNorm2d`` over the visible positions of a map (B, C, H, W)."""

    #: What it becomes where all batch norms are synchronised.
    synced = SparseSyncBatchNorm2d


@MODELS.register_module("SparseLN2d")
class SparseLayerNorm2D(SparseLayer, LayerNorm2d):
    """LayerNorm over the channels of a map, zero where the image is hidden."""

    def forward(self, x: Tensor, data_format: DataFormat = "channel_first") -> Tensor:
        """Normalise ``x``, (B, C, H, W) or, with ``'channel_last'``, (B, H, W, C)."""
        last = data_format == "channel_last"
        x = x if last else x.permute(0, 2, 3, 1)
        x = F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
        mask = self.active.at(x.shape[1], x.shape[2])
        if mask is not None:
            x = x * mask.permute(0, 2, 3, 1).to(x.dtype)
        return x if last else x.permute(0, 3, 1, 2)


def _sparse(module: nn.Module, sync: bool) -> nn.Module | None:
    """Make the sparse form of a layer; None if it has none, or is sparse already."""
    if type(module) is nn.Conv2d:
        options = {"stride": module.stride, "padding": module.padding, "dilation": module.dilation}
        options |= {"groups": module.groups, "bias": module.bias is not None}
        options["padding_mode"] = module.padding_mode
        shape = (module.in_channels, module.out_channels, module.kernel_size)
        return SparseConv2d(*shape, **options)
    if type(module) is nn.MaxPool2d:
        shape = (module.kernel_size, module.stride, module.padding, module.dilation)
        return SparseMaxPooling(*shape, ceil_mode=module.ceil_mode)
    if type(module) is nn.AvgPool2d:
        shape = (module.kernel_size, module.stride, module.padding, module.ceil_mode)
        return SparseAvgPooling(*shape, module.count_include_pad, module.divisor_override)
    if type(module) in (nn.BatchNorm2d, nn.SyncBatchNorm):
        kind = SparseSyncBatchNorm2d if sync else SparseBatchNorm2d
        settings = (module.eps, module.momentum, module.affine, module.track_running_stats)
        return kind(module.num_features, *settings)  # type: ignore[arg-type]
    return None


def make_sparse(network: nn.Module, active: ActiveMap, sync: bool = False) -> None:
    """Replace the layers of a network by their sparse forms, which share a mask.

    Args:
        network: The network, which is changed; keys of its state dict stay.
        active: The mask.
        sync: Synchronise the batch norms among processes.
    """
    for name, child in list(network.named_children()):
        sparse = _sparse(child, sync)
        if sparse is not None:
            sparse.load_state_dict(child.state_dict())
            setattr(network, name, sparse)
        make_sparse(child, active, sync)
    for module in network.modules():
        if isinstance(module, SparseLayer):
            module.active = active


@contextmanager
def hidden(active: ActiveMap, mask: Tensor) -> Iterator[None]:
    """Let the layers that share ``active`` see a mask (B, 1, f, g) for a while."""
    before, active.mask = active.mask, mask
    try:
        yield
    finally:
        active.mask = before
