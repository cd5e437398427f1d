"""The head of EfficientFormer."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from mmpretrain.models.heads.base import LINEAR_INIT, Features, InitCfg, check_num_classes
from mmpretrain.models.heads.cls_head import ClsHead
from mmpretrain.registry import MODELS


@MODELS.register_module()
class EfficientFormerClsHead(ClsHead):
    """A linear layer, or the mean of two (`EfficientFormer <https://arxiv.org/abs/2206.01191>`_).

    There is no teacher: training fits the mean to the labels.

    Args:
        num_classes: Number of classes C.
        in_channels: Number of channels of the features.
        distillation: Whether there is a second layer, for the teacher's labels.
        init_cfg: How the weights are initialised.
        **kwargs: See :class:`ClsHead`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        distillation: bool = True,
        init_cfg: InitCfg = LINEAR_INIT,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg=init_cfg, **kwargs)
        check_num_classes(num_classes)
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.dist = distillation
        self.head = nn.Linear(in_channels, num_classes)
        if distillation:
            self.dist_head = nn.Linear(in_channels, num_classes)

    def forward(self, feats: Features) -> Tensor:
        """Return the scores before softmax, (B, C)."""
        x = self.pre_logits(feats)
        return (self.head(x) + self.dist_head(x)) / 2 if self.dist else self.head(x)
