"""The head for classes that have an order, such as grades."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.heads.base import (
    LINEAR_INIT,
    Features,
    InitCfg,
    check_num_classes,
    class_token,
    feature_layer,
)
from mmpretrain.models.heads.cls_head import ClsHead, single_label_target
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

Method = Literal["corn", "coral"]
LOSSES = {"corn": {"type": "CornLoss"}, "coral": {"type": "CoralLoss"}}


@MODELS.register_module()
class OrdinalClsHead(ClsHead):
    """Answers, for K classes in order, the K - 1 questions whether the class is above the k-th.

    The probability of being above a class never rises with the class. The predicted label is that of the
    papers, the number of questions that are more likely answered yes: the median. The score of a class is the
    lesser of the probabilities of this class or above, and of this class or below, with the sum 1: the median
    has the highest one, so labels, scores, metrics and reports agree. :meth:`class_probabilities` gives the
    probabilities themselves.

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

    def questions(self, feats: Features) -> Tensor:
        """Return the logits of the questions, (B, K - 1)."""
        logits = self.fc(self.pre_logits(feats))
        return logits + self.level_bias if self.method == "coral" else logits

    def forward(self, feats: Features) -> Tensor:
        """Return the logarithms of the scores of the classes, (B, K): softmax gives the scores."""
        return self.log_scores(self.questions(feats))

    def log_scores(self, logits: Tensor) -> Tensor:
        """Return the logarithms of the scores of the classes, (B, K), from the logits of the questions."""
        above, below = self._log_cumulative(logits)
        edge = above.new_zeros(above.shape[0], 1)
        lesser = torch.minimum(torch.cat([edge, above], 1), torch.cat([below, edge], 1))
        return lesser.log_softmax(1)

    def class_probabilities(self, feats: Features) -> Tensor:
        """Return the probabilities of the classes, (B, K)."""
        above = self._log_cumulative(self.questions(feats))[0].exp()
        edge = above.new_zeros(above.shape[0], 1)
        return torch.cat([edge + 1, above], 1) - torch.cat([above, edge], 1)

    def _log_cumulative(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return log probabilities of being above each class but the last, and of not being above it."""
        logits = logits.float()
        if self.method == "coral":
            logits = logits.cummin(1).values
            return F.logsigmoid(logits), F.logsigmoid(-logits)
        above = F.logsigmoid(logits).cumsum(1)
        return above, (-torch.expm1(above)).clamp_min(torch.finfo(above.dtype).tiny).log()

    def loss(self, feats: Features, data_samples: Sequence[DataSample], **kwargs: Any) -> dict[str, Tensor]:
        """Return the loss of the questions; see :meth:`BaseClsHead.loss`."""
        logits, target = self.questions(feats), single_label_target(data_samples)
        losses = {"loss": self.loss_module(logits, target, **kwargs)}
        if self.cal_acc:
            losses.update(self._accuracy(self.log_scores(logits).exp(), target))
        return losses
