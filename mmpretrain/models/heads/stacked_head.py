"""Several linear layers as classifier."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.base import ModuleList
from mmpretrain.models.heads.base import Features, check_num_classes, feature_layer
from mmpretrain.models.heads.cls_head import ClsHead
from mmpretrain.models.layers.configurable import Act, Norm, act_from, configurable, norm_from
from mmpretrain.registry import MODELS

RELU = {"type": "ReLU"}


@configurable
class LinearBlock(nn.Module):
    """Linear layer, norm, activation, dropout; all but the first may be absent."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        dropout_rate: float = 0.0,
        norm: Norm | None = None,
        act: Act | None = None,
    ) -> None:
        super().__init__()
        self.fc = feature_layer(in_channels, out_channels)
        self.norm = norm(out_channels) if norm else nn.Identity()
        self.act = act() if act else nn.Identity()
        self.dropout = nn.Dropout(dropout_rate)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels) -> (B, out_channels)."""
        return self.dropout(self.act(self.norm(self.fc(x))))


@MODELS.register_module()
class StackedLinearClsHead(ClsHead):
    """Hidden linear layers with norm, activation and dropout, and a linear layer.

    Args:
        num_classes: Number of classes C.
        in_channels: Number of channels of the features.
        mid_channels: Number of channels of each hidden layer.
        dropout_rate: Dropout after each hidden layer.
        norm_cfg: Norm of each hidden layer; None for no norm.
        act_cfg: Activation of each hidden layer; None for no activation.
        **kwargs: See :class:`ClsHead`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        mid_channels: Sequence[int],
        dropout_rate: float = 0.0,
        norm_cfg: dict | None = None,
        act_cfg: dict | None = RELU,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_num_classes(num_classes)
        if not isinstance(mid_channels, Sequence) or not mid_channels:
            raise ConfigError(
                f"mid_channels must be a sequence of integers, got {mid_channels!r}", key="mid_channels"
            )
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.mid_channels = mid_channels
        widths = [in_channels, *mid_channels]
        norm, act = norm_from(norm_cfg or None), act_from(act_cfg or None)
        hidden = [LinearBlock(before, after, dropout_rate, norm, act) for before, after in pairwise(widths)]
        self.layers = ModuleList([*hidden, LinearBlock(widths[-1], num_classes)])

    @property
    def fc(self) -> nn.Module:
        """The last layer."""
        return self.layers[-1]

    def pre_logits(self, feats: Features) -> Tensor:
        """Return the output of the hidden layers, (B, mid_channels[-1])."""
        x = super().pre_logits(feats)
        for layer in list(self.layers)[:-1]:
            x = layer(x)
        return x

    def forward(self, feats: Features) -> Tensor:
        """Return the scores before softmax, (B, C)."""
        return self.fc(self.pre_logits(feats))
