"""Classifiers that are whole models of another library."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError
from mmpretrain.models.classifiers.base import BaseClassifier
from mmpretrain.models.classifiers.image import classification_preprocessor
from mmpretrain.models.heads.base import with_predictions
from mmpretrain.models.heads.cls_head import CROSS_ENTROPY, single_label_target
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


class ClassifierWrapper(BaseClassifier):
    """Gives a model of another library losses and predictions.

    In state dicts its keys are those of the other library, so that checkpoints go both ways.

    Args:
        model: From images (B, C, H, W) to what :meth:`scores` reads.
        loss: The loss, or its config.
        train_cfg: Batch augmentation in training: ``dict(augments=[...], probs=[...])``.
        data_preprocessor: By default a ``ClsDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: dict | nn.Module = CROSS_ENTROPY,
        train_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(init_cfg, classification_preprocessor(data_preprocessor, train_cfg), freeze=freeze)
        self.model = model
        self.loss_module: nn.Module = MODELS.build(loss)
        self.register_state_dict_post_hook(_without_prefix)
        self.register_load_state_dict_pre_hook(_with_prefix)
        self.freeze_declared(__class__)

    def scores(self, inputs: Tensor) -> Tensor:
        """Scores (B, num_classes) before the softmax."""
        return self.model(inputs)

    def forward(
        self,
        inputs: Tensor,
        data_samples: list[DataSample] | None = None,
        mode: Literal["tensor", "loss", "predict"] = "tensor",
    ) -> Any:
        """Return scores, losses by name, or the data samples with predictions, as ``mode`` says."""
        if mode == "tensor":
            return self.scores(inputs)
        if mode == "loss":
            return self.loss(inputs, data_samples or [])
        if mode == "predict":
            return self.predict(inputs, data_samples)
        raise ArgumentError(f"mode must be 'tensor', 'loss' or 'predict', got {mode!r}")

    def loss(self, inputs: Tensor, data_samples: list[DataSample], **kwargs: Any) -> dict[str, Tensor]:
        """Return the loss of a batch; other arguments go to the loss module."""
        return {"loss": self.loss_module(self.scores(inputs), single_label_target(data_samples), **kwargs)}

    def predict(self, inputs: Tensor, data_samples: list[DataSample] | None = None) -> list[DataSample]:
        """Return data samples with predictions."""
        scores = F.softmax(self.scores(inputs), dim=1)
        return with_predictions(data_samples, scores, scores.argmax(dim=1, keepdim=True))


def _without_prefix(module: ClassifierWrapper, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    """Take ``model.`` off the keys of a state dict."""
    for key in [key for key in state_dict if key.startswith(f"{prefix}model.")]:
        state_dict[prefix + key.removeprefix(f"{prefix}model.")] = state_dict.pop(key)


def _with_prefix(module: ClassifierWrapper, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    """Put ``model.`` before the keys that belong to the model."""
    names = {prefix + name for name in module.model.state_dict()}
    for key in [key for key in state_dict if key in names]:
        state_dict[f"{prefix}model.{key.removeprefix(prefix)}"] = state_dict.pop(key)
