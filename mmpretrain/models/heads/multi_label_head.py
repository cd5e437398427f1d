"""Heads for several labels per image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.heads.base import (
    LINEAR_INIT,
    BaseClsHead,
    Features,
    InitCfg,
    check_num_classes,
    feature_layer,
    with_predictions,
)
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample, label_to_onehot
from mmpretrain.structures.packed_samples import has_field, stacked_field
from mmpretrain.structures.thresholds import Thresholds, check_thresholds, reaches

SIGMOID_CROSS_ENTROPY = {"type": "CrossEntropyLoss", "use_sigmoid": True}


@MODELS.register_module()
class MultiLabelClsHead(BaseClsHead):
    """Takes the features of the last stage as scores, (B, C), one yes-or-no question per class.

    Args:
        loss: The loss, or its config.
        thr: A class is predicted if its probability is at least this; 0.5 if ``topk`` is not given either.
            A list has one for each class; None in it stands for a class that is never predicted.
        topk: The k most probable classes are predicted, unless ``thr`` is given.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        loss: dict | nn.Module = SIGMOID_CROSS_ENTROPY,
        thr: Thresholds | None = None,
        topk: int | None = None,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(loss, init_cfg)
        if thr is None:
            self.thr = 0.5 if topk is None else None
        else:
            self.thr = check_thresholds(thr)
        self.topk = topk

    def _get_loss(
        self, cls_score: Tensor, data_samples: Sequence[DataSample], **kwargs: Any
    ) -> dict[str, Tensor]:
        target = multi_label_target(data_samples, cls_score.size(1))
        return {"loss": self.loss_module(cls_score, target, avg_factor=len(cls_score), **kwargs)}

    def _get_predictions(
        self, cls_score: Tensor, data_samples: Sequence[DataSample | None] | None
    ) -> list[DataSample]:
        scores = cls_score.sigmoid()
        if self.thr is not None:
            labels = [row.nonzero().flatten() for row in reaches(scores, self.thr)]
        else:
            labels = scores.topk(self.topk or 1).indices
        return with_predictions(data_samples, scores, labels)


def multi_label_target(data_samples: Sequence[DataSample], num_classes: int) -> Tensor:
    """Return one number per class, (B, C): that of ``gt_score``, or 1 for the classes in ``gt_label``."""
    if has_field(data_samples, "gt_score"):
        return stacked_field(data_samples, "gt_score").float()
    return torch.stack([label_to_onehot(sample.gt_label, num_classes) for sample in data_samples]).float()


@MODELS.register_module()
class MultiLabelLinearClsHead(MultiLabelClsHead):
    """One linear layer.

    Args:
        num_classes: Number of classes C.
        in_channels: Number of channels of the features.
        loss: The loss, or its config.
        thr: See :class:`MultiLabelClsHead`.
        topk: See :class:`MultiLabelClsHead`.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        loss: dict | nn.Module = SIGMOID_CROSS_ENTROPY,
        thr: Thresholds | None = None,
        topk: int | None = None,
        init_cfg: InitCfg = LINEAR_INIT,
    ) -> None:
        super().__init__(loss=loss, thr=thr, topk=topk, init_cfg=init_cfg)
        check_num_classes(num_classes)
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.fc = feature_layer(in_channels, num_classes)

    def forward(self, feats: Features) -> Tensor:
        """Return the scores before sigmoid, (B, C)."""
        return self.fc(self.pre_logits(feats))
