"""The head for classes that have an order, such as grades."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.heads.base import (
    LINEAR_INIT,
    Features,
    InitCfg,
    check_num_classes,
    class_token,
    feature_layer,
    with_predictions,
)
from mmpretrain.models.heads.cls_head import ClsHead, single_label_target
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

Method = Literal["corn", "coral"]
LOSSES = {"corn": {"type": "CornLoss"}, "coral": {"type": "CoralLoss"}}


@MODELS.register_module()
class OrdinalClsHead(ClsHead):
    """Answers, for K classes in order, the K - 1 questions whether the class is above the k-th.

    The probabilities of being above a class never rise with the class, so those of the classes are what is
    between two of them: from 0 to 1, with the sum 1. The predicted label is the most likely class.

    - ``'corn'`` (`CORN <https://arxiv.org/abs/2111.08851>`_): each question has weights of its own, and is
      conditional on being above the class before; probabilities are products, which never rise.
    - ``'coral'`` (`CORAL <https://arxiv.org/abs/1901.07884>`_): the questions share their weights and differ
      in the bias. Where biases are not in order yet, as can be early in training, the least probability so
      far counts.

    Args:
        num_classes: Number of classes K, at least 2.
        in_channels: Number of channels of the features.
        method: How the questions are asked.
        loss: The loss, or its config; by default that of the method.
        topk: See :class:`ClsHead`.
        cal_acc: See :class:`ClsHead`.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        method: Method = "corn",
        loss: dict | nn.Module | None = None,
        topk: int | Sequence[int] = (1,),
        cal_acc: bool = False,
        init_cfg: InitCfg = LINEAR_INIT,
    ) -> None:
        if method not in LOSSES:
            raise ConfigError(f"method must be 'corn' or 'coral', got {method!r}", key="method")
        super().__init__(LOSSES[method] if loss is None else loss, topk, cal_acc, init_cfg)
        check_num_classes(num_classes)
        if num_classes < 2:
            raise ConfigError("classes in order must be two at least, got num_classes=1", key="num_classes")
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.method: Method = method
        shared = method == "coral"
        self.fc = feature_layer(in_channels, 1 if shared else num_classes - 1, bias=not shared)
        if shared:
            # From easy to hard, as the authors initialise them.
            self.level_bias = nn.Parameter(torch.arange(num_classes - 1, 0, -1) / (num_classes - 1))

    def pre_logits(self, feats: Features) -> Tensor:
        """Return what the last layer gets: the features of the last stage, or its class token."""
        return class_token(super().pre_logits(feats))

    def forward(self, feats: Features) -> Tensor:
        """Return the logits of the questions, (B, K - 1)."""
        logits = self.fc(self.pre_logits(feats))
        return logits + self.level_bias if self.method == "coral" else logits

    def class_probabilities(self, logits: Tensor) -> Tensor:
        """Return the probabilities of the classes, (B, K), from the logits of the questions."""
        above = logits.float().sigmoid()
        above = above.cumprod(1) if self.method == "corn" else above.cummin(1).values
        ends = above.new_ones(len(above), 1), above.new_zeros(len(above), 1)
        return torch.cat([ends[0], above], 1) - torch.cat([above, ends[1]], 1)

    def _get_loss(
        self, cls_score: Tensor, data_samples: Sequence[DataSample], **kwargs: Any
    ) -> dict[str, Tensor]:
        target = single_label_target(data_samples)
        losses = {"loss": self.loss_module(cls_score, target, **kwargs)}
        if self.cal_acc:
            losses.update(self._accuracy(self.class_probabilities(cls_score), target))
        return losses

    def _get_predictions(
        self, cls_score: Tensor, data_samples: Sequence[DataSample | None] | None
    ) -> list[DataSample]:
        scores = self.class_probabilities(cls_score)
        return with_predictions(data_samples, scores, scores.argmax(dim=1, keepdim=True))
