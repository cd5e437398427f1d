"""The head of LeViT."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.heads.base import Features, check_num_classes
from mmpretrain.models.heads.cls_head import ClsHead
from mmpretrain.registry import MODELS


class BatchNormLinear(nn.Module):
    """Batch norm and a linear layer, which can be fused into one linear layer."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm1d(in_channels)
        self.linear = nn.Linear(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels) -> (B, out_channels)."""
        return self.linear(self.bn(x))

    @torch.no_grad()
    def fuse(self) -> nn.Linear:
        """Return a linear layer that does the same in evaluation mode."""
        bn: Any = self.bn
        scale = bn.weight / (bn.running_var + bn.eps).sqrt()
        shift = bn.bias - bn.running_mean * scale
        fused = nn.Linear(self.linear.in_features, self.linear.out_features).to(scale)
        fused.weight.copy_(self.linear.weight * scale)
        fused.bias.copy_(self.linear.bias + self.linear.weight @ shift)
        return fused


@MODELS.register_module()
class LeViTClsHead(ClsHead):
    """Batch norm and a linear layer, or the mean of two such (`LeViT <https://arxiv.org/abs/2104.01136>`_).

    There is no teacher: training fits the mean to the labels.

    Args:
        num_classes: Number of classes C.
        distillation: Whether there is a second classifier, for the teacher's labels.
        in_channels: Number of channels of the features.
        deploy: Whether to build the fused layers that :meth:`switch_to_deploy` leaves.
        **kwargs: See :class:`ClsHead`.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        distillation: bool = True,
        in_channels: int | None = None,
        deploy: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_num_classes(num_classes)
        if in_channels is None:
            raise ConfigError(
                "LeViTClsHead needs in_channels, the number of channels of the features", key="in_channels"
            )
        self.num_classes = num_classes
        self.distillation = distillation
        self.deploy = deploy
        layer = nn.Linear if deploy else BatchNormLinear
        self.head = layer(in_channels, num_classes)
        if distillation:
            self.head_dist = layer(in_channels, num_classes)

    def switch_to_deploy(self) -> None:
        """Fuse batch norm into the linear layers, for inference."""
        for name, child in list(self.named_children()):
            if isinstance(child, BatchNormLinear):
                setattr(self, name, child.fuse())
        self.deploy = True

    def forward(self, feats: Features) -> Tensor:
        """Return the scores before softmax, (B, C)."""
        x = self.pre_logits(feats)
        return (self.head(x) + self.head_dist(x)) / 2 if self.distillation else self.head(x)
