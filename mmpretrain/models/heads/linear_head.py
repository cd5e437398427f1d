"""A linear layer as classifier."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from mmpretrain.models.heads.base import LINEAR_INIT, Features, InitCfg, check_num_classes, feature_layer
from mmpretrain.models.heads.cls_head import ClsHead
from mmpretrain.registry import MODELS


@MODELS.register_module()
class LinearClsHead(ClsHead):
    """One linear layer.

    Args:
        num_classes: Number of classes C.
        in_channels: Number of channels of the features.
        init_cfg: How the weights are initialised.
        **kwargs: See :class:`ClsHead`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        init_cfg: InitCfg = LINEAR_INIT,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg=init_cfg, **kwargs)
        check_num_classes(num_classes)
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.fc = feature_layer(in_channels, num_classes)

    def forward(self, feats: Features) -> Tensor:
        """Return the scores before softmax, (B, C)."""
        return self.fc(self.pre_logits(feats))
