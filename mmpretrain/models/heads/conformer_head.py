"""The head of Conformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from mmpretrain.models.heads.base import Features, InitCfg, check_num_classes
from mmpretrain.models.heads.cls_head import ClsHead, single_label_target
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

TRUNC_NORMAL_LINEAR_INIT = {"type": "TruncNormal", "layer": "Linear", "std": 0.02}


@MODELS.register_module()
class ConformerHead(ClsHead):
    """One linear layer for each branch of `Conformer <https://arxiv.org/abs/2105.03889>`_.

    Each branch has its own loss; predictions come from the sum of the scores.

    Args:
        num_classes: Number of classes C.
        in_channels: Number of channels of the convolution and of the transformer branch.
        init_cfg: How the weights are initialised.
        **kwargs: See :class:`ClsHead`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: Sequence[int],
        init_cfg: InitCfg = TRUNC_NORMAL_LINEAR_INIT,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg=init_cfg, **kwargs)
        check_num_classes(num_classes)
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.conv_cls_head = nn.Linear(in_channels[0], num_classes)
        self.trans_cls_head = nn.Linear(in_channels[1], num_classes)

    def forward(self, feats: Features) -> tuple[Tensor, Tensor]:
        """Return the scores of both branches before softmax, each (B, C)."""
        conv, transformer = self.pre_logits(feats)
        return self.conv_cls_head(conv), self.trans_cls_head(transformer)

    def _get_loss(
        self, cls_score: tuple[Tensor, Tensor], data_samples: Sequence[DataSample], **kwargs: Any
    ) -> dict[str, Tensor]:
        target = single_label_target(data_samples)
        conv, transformer = (
            self.loss_module(score, target, avg_factor=len(score), **kwargs) for score in cls_score
        )
        losses = {"loss": conv + transformer}
        if self.cal_acc:
            losses.update(self._accuracy(cls_score[0] + cls_score[1], target))
        return losses

    def _get_predictions(
        self, cls_score: tuple[Tensor, Tensor], data_samples: Sequence[DataSample | None] | None
    ) -> list[DataSample]:
        return super()._get_predictions(cls_score[0] + cls_score[1], data_samples)
