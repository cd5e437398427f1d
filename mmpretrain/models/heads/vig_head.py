"""The head of Vision GNN."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from mmpretrain.models.heads.base import Features, check_num_classes
from mmpretrain.models.heads.cls_head import ClsHead
from mmpretrain.models.layers.configurable import act_from
from mmpretrain.registry import MODELS

GELU = {"type": "GELU"}


@MODELS.register_module()
class VigClsHead(ClsHead):
    """Linear layer, batch norm, activation, dropout, linear layer (`Vision GNN <https://arxiv.org/abs/2206.00272>`_).

    Args:
        num_classes: Number of classes C.
        in_channels: Number of channels of the features.
        hidden_dim: Width of the hidden layer.
        act_cfg: Activation of the hidden layer.
        dropout: Dropout after the hidden layer.
        **kwargs: See :class:`ClsHead`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        hidden_dim: int = 1024,
        act_cfg: dict = GELU,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_num_classes(num_classes)
        self.fc1 = nn.Linear(in_channels, hidden_dim)
        self.bn = nn.BatchNorm1d(hidden_dim)
        self.act = act_from(act_cfg)()
        self.drop = nn.Dropout(dropout)
        self.fc2 = nn.Linear(hidden_dim, num_classes)

    def pre_logits(self, feats: Features) -> Tensor:
        """Return the output of the hidden layer, (B, hidden_dim)."""
        return self.drop(self.act(self.bn(self.fc1(super().pre_logits(feats)))))

    def forward(self, feats: Features) -> Tensor:
        """Return the scores before softmax, (B, C)."""
        return self.fc2(self.pre_logits(feats))
