"""Classifiers of PyTorch Image Models."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from mmpretrain.models.backbones.timm_backbone import create_timm_model
from mmpretrain.models.classifiers.wrapper import ClassifierWrapper
from mmpretrain.models.heads.cls_head import CROSS_ENTROPY
from mmpretrain.registry import MODELS


@MODELS.register_module()
class TimmClassifier(ClassifierWrapper):
    """A classifier of `PyTorch Image Models <https://github.com/huggingface/pytorch-image-models>`_ (timm).

    Its checkpoints are timm's.

    Args:
        *args: Arguments of ``timm.create_model``.
        loss: The loss, or its config.
        train_cfg: Batch augmentation in training: ``dict(augments=[...], probs=[...])``.
        with_cp: Recompute activations in the backward pass to save memory.
        data_preprocessor: By default a ``ClsDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
        **kwargs: Arguments of ``timm.create_model``.

    Example:
        >>> model = MODELS.build(dict(type='TimmClassifier', model_name='resnet50', num_classes=10))
        >>> model(torch.rand(1, 3, 224, 224)).shape
        torch.Size([1, 10])
    """

    def __init__(
        self,
        *args: Any,
        loss: dict | nn.Module = CROSS_ENTROPY,
        train_cfg: dict | None = None,
        with_cp: bool = False,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        freeze: str | None = None,
        **kwargs: Any,
    ) -> None:
        model = create_timm_model("TimmClassifier", *args, **kwargs)
        super().__init__(model, loss, train_cfg, data_preprocessor, init_cfg, freeze=freeze)
        self.with_cp = with_cp
        if with_cp:
            self.model.set_grad_checkpointing()  # type: ignore[operator]
        self.freeze_declared(__class__)

    def extract_feat(self, inputs: Tensor) -> Tensor:
        """Return the features of a batch (B, C, H, W) before pooling, as timm gives them."""
        return self.model.forward_features(inputs)  # type: ignore[operator]
