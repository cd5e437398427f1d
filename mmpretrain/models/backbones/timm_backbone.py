"""Backbones of PyTorch Image Models."""

from __future__ import annotations

import logging
from typing import Any

from torch import Tensor

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.registry import MODELS
from mmpretrain.utils.foreign import refuse_foreign
from mmpretrain.utils.optional import optional_import
from mmpretrain.utils.suggest import did_you_mean

logger = logging.getLogger(__name__)


def create_timm_model(feature: str, model_name: str, *args: Any, **kwargs: Any) -> Any:
    """Call ``timm.create_model``; a name that it does not know is an error with the nearest ones.

    Args:
        feature: What needs timm.
        model_name: Name of the model in timm.
        *args: Further arguments of ``timm.create_model``.
        **kwargs: The same.
    """
    for value in (model_name, *args, *kwargs.values()):
        refuse_foreign(value, "is given to timm, which may fetch it,")
    timm = optional_import("timm", feature=feature, extra="timm")
    try:
        return timm.create_model(model_name, *args, **kwargs)
    except RuntimeError as error:
        if "Unknown model" not in str(error):
            raise
        raise ArgumentError(
            f"timm has no model {model_name!r}",
            hint=did_you_mean(model_name, timm.list_models()),
            key="model_name",
        ) from error


@MODELS.register_module()
class TIMMBackbone(BaseBackbone):
    """A backbone of `PyTorch Image Models <https://github.com/huggingface/pytorch-image-models>`_ (timm).

    Args:
        model_name: Name of the model in timm.
        features_only: Return the feature maps of all strides, where the model can.
        pretrained: Load timm's weights.
        checkpoint_path: Weights to load; does not go with ``features_only``.
        in_channels: Number of channels of an image.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
        **kwargs: Arguments of ``timm.create_model``; ``norm_layer`` may be a name in our registry.
    """

    def __init__(
        self,
        model_name: str,
        features_only: bool = False,
        pretrained: bool = False,
        checkpoint_path: str = "",
        in_channels: int = 3,
        init_cfg: dict | list[dict] | None = None,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        if not isinstance(pretrained, bool):
            raise ArgumentError(
                f"pretrained must be True or False, got {pretrained!r}",
                hint="Set checkpoint_path for a file.",
                key="pretrained",
            )
        if features_only and checkpoint_path:
            raise ArgumentError(
                "checkpoint_path does not go with features_only=True: timm cannot load it",
                key="checkpoint_path",
            )
        if isinstance(kwargs.get("norm_layer"), str):
            kwargs["norm_layer"] = MODELS.get(kwargs["norm_layer"])
        self.timm_model = create_timm_model(
            "TIMMBackbone",
            model_name,
            features_only=features_only,
            pretrained=pretrained,
            in_chans=in_channels,
            checkpoint_path=checkpoint_path,
            **kwargs,
        )
        if hasattr(self.timm_model, "reset_classifier"):
            self.timm_model.reset_classifier(0, "")
        # Keep weights that timm loaded.
        self.is_init = bool(pretrained or checkpoint_path)
        logger.info("Features of %s: %s", model_name, getattr(self.timm_model, "feature_info", "unknown"))
        self.freeze_declared(__class__)

    @property
    def num_extra_tokens(self) -> int:
        """Number of tokens before those of the patches, if it puts out tokens."""
        return getattr(self.timm_model, "num_prefix_tokens", 0)

    @property
    def channels_last(self) -> bool:
        """Whether timm's model puts out maps (B, h, w, C), as its Swin Transformers do."""
        layout = getattr(self.timm_model, "output_fmt", None)
        return getattr(layout, "value", layout) == "NHWC"

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return maps (B, C, h, w), or what else timm's model puts out, for images (B, C, H, W)."""
        features = self.timm_model(x)
        outs = tuple(features) if isinstance(features, (list, tuple)) else (features,)
        if self.channels_last:
            outs = tuple(out.permute(0, 3, 1, 2) if out.ndim == 4 else out for out in outs)
        return outs
