"""Base class of the classification heads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.base import BaseModule
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

InitCfg: TypeAlias = "dict | list[dict] | None"

LINEAR_INIT = {"type": "Normal", "layer": "Linear", "std": 0.01}
ZERO_LINEAR_INIT = {"type": "Constant", "layer": "Linear", "val": 0}

#: Features of one or more stages, the last one last; a stage may consist of several tensors.
Features: TypeAlias = "Sequence[Any] | Tensor"


class BaseClsHead(BaseModule):
    """Turns features into scores, and scores into losses or predictions.

    Subclasses implement :meth:`forward`, :meth:`_get_loss` and :meth:`_get_predictions`.

    Args:
        loss: The loss, or its config.
        init_cfg: How the weights are initialised.
    """

    def __init__(self, loss: dict | nn.Module, init_cfg: InitCfg = None) -> None:
        super().__init__(init_cfg)
        self.loss_module: nn.Module = MODELS.build(loss)

    def pre_logits(self, feats: Features) -> Any:
        """Return what the final layer gets: here the features of the last stage."""
        return last_stage(feats)

    def forward(self, feats: Features) -> Any:
        """Return the scores before softmax or sigmoid, (B, C)."""
        return self.pre_logits(feats)

    def loss(self, feats: Features, data_samples: Sequence[DataSample], **kwargs: Any) -> dict[str, Tensor]:
        """Return the losses of a batch by name.

        Args:
            feats: Output of the backbone, or of the neck.
            data_samples: The ground truth.
            **kwargs: Passed on to the loss.
        """
        return self._get_loss(self(feats), data_samples, **kwargs)

    def predict(
        self, feats: Features, data_samples: Sequence[DataSample | None] | None = None
    ) -> list[DataSample]:
        """Return data samples with ``pred_score`` and ``pred_label``.

        Args:
            feats: Output of the backbone, or of the neck.
            data_samples: Samples to add the predictions to; new ones are made where there are none.
        """
        return self._get_predictions(self(feats), data_samples)

    def _get_loss(
        self, cls_score: Any, data_samples: Sequence[DataSample], **kwargs: Any
    ) -> dict[str, Tensor]:
        raise NotImplementedError(f"{type(self).__name__} must implement _get_loss()")

    def _get_predictions(
        self, cls_score: Any, data_samples: Sequence[DataSample | None] | None
    ) -> list[DataSample]:
        raise NotImplementedError(f"{type(self).__name__} must implement _get_predictions()")


def last_stage(feats: Features) -> Any:
    """Return the features of the last stage; a bare tensor is a single stage."""
    return feats if isinstance(feats, Tensor) else feats[-1]


def class_token(stage: Any) -> Any:
    """Return the features of a stage; of patches and a class token, as backbones once gave, the token."""
    return stage[-1] if isinstance(stage, (list, tuple)) else stage


def check_num_classes(num_classes: int) -> None:
    """Raise if a number of classes is not a positive integer."""
    if not isinstance(num_classes, int) or num_classes <= 0:
        raise ConfigError(f"num_classes must be a positive integer, got {num_classes!r}", key="num_classes")


def feature_layer(in_channels: int, out_channels: int, bias: bool = True) -> nn.Linear:
    """Make a linear layer whose error names the number of features that it needs."""
    layer = nn.Linear(in_channels, out_channels, bias)
    layer.register_forward_pre_hook(_check_features)
    return layer


def _check_features(layer: nn.Linear, inputs: tuple[Any, ...]) -> None:
    features = inputs[0]
    if torch.jit.is_tracing() or (features.ndim == 2 and features.shape[1] == layer.in_features):
        return
    if features.ndim == 2:
        raise ConfigError(
            f"the head takes features of in_channels={layer.in_features}, and gets {features.shape[1]}",
            hint=f"Set in_channels={features.shape[1]} in model.head.",
        )
    raise ConfigError(
        f"the head takes features (B, {layer.in_features}), and gets {tuple(features.shape)}",
        hint="Set model.neck=dict(type='GlobalAveragePooling'), or another out_type in model.backbone.",
    )


def with_predictions(
    data_samples: Sequence[DataSample | None] | None, scores: Tensor, labels: Iterable[Tensor]
) -> list[DataSample]:
    """Write predictions into data samples, new ones where there are none.

    Args:
        data_samples: B samples, or None.
        scores: (B, C).
        labels: For each sample (L,) class indices.
    """
    given = data_samples if data_samples is not None else [None] * len(scores)
    return [
        (sample if sample is not None else DataSample()).set_pred_score(score).set_pred_label(label)
        for sample, score, label in zip(given, scores, labels)
    ]
