"""Class-specific residual attention."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.base import ModuleList
from mmpretrain.models.heads.base import LINEAR_INIT, Features, InitCfg, check_num_classes
from mmpretrain.models.heads.multi_label_head import MultiLabelClsHead
from mmpretrain.registry import MODELS

#: A softmax this sharp is replaced by the maximum.
MAX_POOLING = 99

#: Number of heads -> the temperature of each.
TEMPERATURES = {
    1: [1],
    2: [1, MAX_POOLING],
    4: [1, 2, 4, MAX_POOLING],
    6: [1, 2, 3, 4, 5, MAX_POOLING],
    8: [1, 2, 3, 4, 5, 6, 7, MAX_POOLING],
}


class CSRAModule(nn.Module):
    """Scores of each position, averaged once evenly and once with attention to where the class is.

    Args:
        num_classes: Number of classes C.
        in_channels: Number of channels of the feature map.
        temperature: Sharpness of the attention.
        lam: Weight of the average with attention.
    """

    def __init__(self, num_classes: int, in_channels: int, temperature: int, lam: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.lam = lam
        self.head = nn.Conv2d(in_channels, num_classes, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Compute scores (B, C) of a feature map (B, in_channels, H, W)."""
        length = self.head.weight.norm(dim=1, keepdim=True).transpose(0, 1)  # (1, C, 1, 1)
        score = (self.head(x) / length).flatten(2)  # (B, C, H*W)
        if self.temperature == MAX_POOLING:
            attended = score.amax(dim=2)
        else:
            attended = (score * (score * self.temperature).softmax(dim=2)).sum(dim=2)
        return score.mean(dim=2) + self.lam * attended


@MODELS.register_module()
class CSRAClsHead(MultiLabelClsHead):
    """Sum of several residual attention heads (`CSRA <https://arxiv.org/abs/2108.02456>`_).

    Args:
        num_classes: Number of classes C.
        in_channels: Number of channels of the feature map.
        num_heads: Number of heads: 1, 2, 4, 6 or 8.
        lam: Weight of the average with attention.
        init_cfg: How the weights are initialised.
        **kwargs: See :class:`MultiLabelClsHead`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        num_heads: int,
        lam: float,
        init_cfg: InitCfg = LINEAR_INIT,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg=init_cfg, **kwargs)
        check_num_classes(num_classes)
        if num_heads not in TEMPERATURES:
            raise ConfigError(
                f"num_heads must be one of {sorted(TEMPERATURES)}, got {num_heads!r}", key="num_heads"
            )
        if lam <= 0:
            raise ConfigError(f"lam must be positive, got {lam!r}", key="lam")
        self.csra_heads = ModuleList(
            [CSRAModule(num_classes, in_channels, t, lam) for t in TEMPERATURES[num_heads]]
        )

    def forward(self, feats: Features) -> Tensor:
        """Return the scores before sigmoid, (B, C)."""
        x = self.pre_logits(feats)
        return torch.stack([head(x) for head in self.csra_heads]).sum(dim=0)
