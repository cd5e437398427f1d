"""The classifier for images: backbone, neck, head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor, nn

from mmpretrain.errors import ArgumentError, ConfigError
from mmpretrain.models.classifiers.base import BaseClassifier
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from mmpretrain.utils.brief import brief

Stage = Literal["backbone", "neck", "pre_logits"]


@MODELS.register_module()
class ImageClassifier(BaseClassifier):
    """A backbone, an optional neck and a head; each is a module or a config.

    Args:
        backbone: From images to features.
        neck: From features to features.
        head: From features to scores, losses and predictions. Without one, only features can be had.
        pretrained: Checkpoint to initialise from.
        train_cfg: Batch augmentation in training: ``dict(augments=[...], probs=[...])``.
        data_preprocessor: By default a ``ClsDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module | None = None,
        head: dict | nn.Module | None = None,
        pretrained: str | None = None,
        train_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        if pretrained is not None:
            init_cfg = {"type": "Pretrained", "checkpoint": pretrained}
        super().__init__(init_cfg, classification_preprocessor(data_preprocessor, train_cfg), freeze=freeze)
        self.backbone: nn.Module = MODELS.build(backbone)
        self.neck: nn.Module | None = MODELS.build(neck) if neck is not None else None
        if isinstance(head, (list, tuple)):
            raise ConfigError(
                f"The head of a classifier is one config, got a list of {len(head)}",
                hint="MultiTaskHead holds several heads; head=None gives features only.",
                key="head",
            )
        self.head: nn.Module | None = MODELS.build(head) if head is not None else None
        for name, part in (("backbone", self.backbone), ("neck", self.neck), ("head", self.head)):
            if part is not None and not isinstance(part, nn.Module):
                raise ArgumentError(
                    f"model.{name} must be a module or its config, got {brief(part)}", key=name
                )
        # Mixed labels are one-hot; their length is the head's by default.
        if getattr(self.data_preprocessor, "num_classes", 0) is None:
            self.data_preprocessor.num_classes = getattr(self.head, "num_classes", None)
        # A backbone of another library brings its own translation of checkpoint keys.
        if hasattr(self.backbone, "_checkpoint_filter"):
            self._register_load_state_dict_pre_hook(self.backbone._checkpoint_filter)
        self.freeze_declared(__class__)

    def forward(
        self,
        inputs: Tensor,
        data_samples: list[DataSample] | None = None,
        mode: Literal["tensor", "loss", "predict"] = "tensor",
    ) -> Any:
        """Run the network.

        Args:
            inputs: (B, C, H, W).
            data_samples: Ground truth, needed for ``'loss'``.
            mode: ``'tensor'`` for scores (features without a head), ``'loss'`` for losses by name,
                ``'predict'`` for data samples with predictions.
        """
        if mode == "tensor":
            feats = self.extract_feat(inputs)
            return feats if self.head is None else self.head(feats)
        if mode == "loss":
            return self.loss(inputs, data_samples or [])
        if mode == "predict":
            return self.predict(inputs, data_samples)
        raise ArgumentError(f"mode must be 'tensor', 'loss' or 'predict', got {mode!r}")

    def extract_feat(self, inputs: Tensor, stage: Stage = "neck") -> Any:
        """Return features of a batch.

        Args:
            inputs: (B, C, H, W).
            stage: After the ``'backbone'`` or the ``'neck'``, a tuple with one entry per output stage; or
                ``'pre_logits'``, what the last layer of the head gets.
        """
        if stage not in ("backbone", "neck", "pre_logits"):
            raise ArgumentError(f"stage must be 'backbone', 'neck' or 'pre_logits', got {stage!r}")
        x = self.backbone(inputs)
        if stage == "backbone":
            return x
        if self.neck is not None:
            x = self.neck(x)
        if stage == "neck":
            return x
        if not hasattr(self.head, "pre_logits"):
            raise ConfigError("This model has no head, or one without pre_logits()")
        return self.head.pre_logits(x)  # type: ignore[union-attr,operator]

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the losses of a batch by name."""
        return self._need_head("loss").loss(self.extract_feat(inputs), data_samples)

    def predict(
        self, inputs: Tensor, data_samples: list[DataSample] | None = None, **kwargs: Any
    ) -> list[DataSample]:
        """Return data samples with predictions; other arguments go to the head."""
        return self._need_head("predict").predict(self.extract_feat(inputs), data_samples, **kwargs)

    def get_layer_depth(self, param_name: str) -> tuple[int, int]:
        """Return the depth of a parameter for layer-wise decay, and the number of layers."""
        if not hasattr(self.backbone, "get_layer_depth"):
            raise NotImplementedError(f"{type(self.backbone).__name__} does not say how deep its layers are")
        return self.backbone.get_layer_depth(param_name, "backbone.")  # type: ignore[operator]

    def _need_head(self, method: str) -> Any:
        if self.head is None:
            raise ConfigError("This model has no head: it can only extract features", hint="Set model.head.")
        if not hasattr(self.head, method):
            raise ConfigError(
                f"model.head is a {type(self.head).__name__}, which has no {method}()",
                hint="Use a head, such as dict(type='LinearClsHead', ...).",
                key="head",
            )
        return self.head


def classification_preprocessor(
    data_preprocessor: dict | nn.Module | None, train_cfg: Mapping[str, Any] | None
) -> nn.Module:
    """Build the data preprocessor of a classifier, with the batch augmentation of ``train_cfg``."""
    if isinstance(data_preprocessor, nn.Module):
        return data_preprocessor
    if data_preprocessor is not None and not isinstance(data_preprocessor, Mapping):
        raise TypeError(f"data_preprocessor must be a dict or a module, got {data_preprocessor!r}")
    defaults = {"type": "ClsDataPreprocessor"} | ({"batch_augments": train_cfg} if train_cfg else {})
    return MODELS.build(data_preprocessor or {}, default_args=defaults)
