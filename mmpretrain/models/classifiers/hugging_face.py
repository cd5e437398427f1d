"""Classifiers of Hugging Face Transformers."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from mmpretrain.models.classifiers.wrapper import ClassifierWrapper
from mmpretrain.models.heads.cls_head import CROSS_ENTROPY
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from mmpretrain.utils.optional import optional_import


@MODELS.register_module()
class HuggingFaceClassifier(ClassifierWrapper):
    """An image classifier of `Transformers <https://huggingface.co/docs/transformers>`_.

    Its checkpoints are those of Transformers.

    Args:
        model_name: Name of the model on the Hugging Face Hub, or a folder.
        pretrained: Load the weights too, not only the configuration.
        *model_args: Arguments of ``from_pretrained``.
        loss: The loss, or its config.
        train_cfg: Batch augmentation in training: ``dict(augments=[...], probs=[...])``.
        with_cp: Recompute activations in the backward pass to save memory.
        data_preprocessor: By default a ``ClsDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
        **kwargs: Arguments of ``from_pretrained``.
    """

    #: Not built for the config of a stranger.
    FETCHES = True

    def __init__(
        self,
        model_name: str,
        pretrained: bool = False,
        *model_args: Any,
        loss: dict | nn.Module = CROSS_ENTROPY,
        train_cfg: dict | None = None,
        with_cp: bool = False,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        freeze: str | None = None,
        **kwargs: Any,
    ) -> None:
        hub = optional_import("transformers", feature="HuggingFaceClassifier", extra="transformers")
        auto = hub.AutoModelForImageClassification
        if pretrained:
            model = auto.from_pretrained(model_name, *model_args, **kwargs)
        else:
            model = auto.from_config(hub.AutoConfig.from_pretrained(model_name, *model_args, **kwargs))
        super().__init__(model, loss, train_cfg, data_preprocessor, init_cfg, freeze=freeze)
        self.with_cp = with_cp
        if with_cp:
            # Transformers 5 renamed it.
            enable = getattr(model, "activation_checkpointing_enable", model.gradient_checkpointing_enable)
            enable()
        self.freeze_declared(__class__)

    def extract_feat(self, inputs: Tensor) -> Tensor:
        """Return the pooled features (B, C) of images (B, C, H, W); without any, the tokens (B, N, C)."""
        base: Any = self.model.base_model
        found = base(inputs)
        pooled = getattr(found, "pooler_output", None)
        return found.last_hidden_state if pooled is None else pooled

    def scores(self, inputs: Tensor) -> Tensor:
        """Scores (B, num_classes) before the softmax."""
        return self.model(inputs).logits

    def loss(self, inputs: Tensor, data_samples: list[DataSample], **kwargs: Any) -> dict[str, Tensor]:
        """Return the loss of a batch, a sum over it divided by its size."""
        return super().loss(inputs, data_samples, avg_factor=len(inputs), **kwargs)
