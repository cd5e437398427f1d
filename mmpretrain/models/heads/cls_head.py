"""The head for one label per image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.functional import accuracy, as_topk, limit_topk
from mmpretrain.models.heads.base import BaseClsHead, InitCfg, with_predictions
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from mmpretrain.structures.packed_samples import has_field, joined_labels, stacked_field

CROSS_ENTROPY = {"type": "CrossEntropyLoss", "loss_weight": 1.0}


@MODELS.register_module()
class ClsHead(BaseClsHead):
    """Takes the features of the last stage as scores, (B, C).

    Args:
        loss: The loss, or its config.
        topk: For which k to log the accuracy while training.
        cal_acc: Whether to do so. It needs one label per sample, so no Mixup or CutMix.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        loss: dict | nn.Module = CROSS_ENTROPY,
        topk: int | Sequence[int] = (1,),
        cal_acc: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(loss, init_cfg)
        self.topk = as_topk(topk)
        self.cal_acc = cal_acc

    def _get_loss(
        self, cls_score: Tensor, data_samples: Sequence[DataSample], **kwargs: Any
    ) -> dict[str, Tensor]:
        target = single_label_target(data_samples)
        losses = {"loss": self.loss_module(cls_score, target, avg_factor=len(cls_score), **kwargs)}
        if self.cal_acc:
            losses.update(self._accuracy(cls_score, target))
        return losses

    def _accuracy(self, cls_score: Tensor, target: Tensor) -> dict[str, Tensor]:
        if target.ndim != 1:
            raise ConfigError(
                "cal_acc needs one label per sample, but batch augments such as Mixup mix labels",
                hint="Set cal_acc=False in model.head.",
                key="cal_acc",
            )
        self.topk = limit_topk(self.topk, cls_score.size(1))
        table = accuracy(cls_score.detach(), target, self.topk)
        return {f"accuracy_top-{k}": row[0] for k, row in zip(self.topk, table)}

    def _get_predictions(
        self, cls_score: Tensor, data_samples: Sequence[DataSample | None] | None
    ) -> list[DataSample]:
        scores = F.softmax(cls_score, dim=1)
        return with_predictions(data_samples, scores, scores.argmax(dim=1, keepdim=True))


def single_label_target(data_samples: Sequence[DataSample]) -> Tensor:
    """Return class indices (B,), or probabilities (B, C) where a batch augment mixed the labels."""
    if has_field(data_samples, "gt_score"):
        return stacked_field(data_samples, "gt_score")
    return joined_labels(data_samples)
