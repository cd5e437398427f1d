"""What all self-supervised methods have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from torch import Tensor, nn
from typing_extensions import Self

from mmpretrain.errors import ArgumentError, ConfigError, DataError
from mmpretrain.models.base import BaseModel
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from mmpretrain.utils.brief import brief

#: Where a config says what images are made into, and how many are in a batch.
PIPELINE, BATCH_SIZE = "train_dataloader.dataset.pipeline", "train_dataloader.batch_size"

#: One batch (B, C, H, W), or one for each view of the images.
Views = Tensor | Sequence[Tensor]


class BaseSelfSupervisor(BaseModel):
    """A backbone, and what trains it without labels; each part is a module or a config.

    Subclasses implement :meth:`loss`.

    Args:
        backbone: From images to features.
        neck: From features to projections or reconstructions.
        head: Computes the loss.
        target_generator: Makes what masked images are to predict.
        pretrained: Checkpoint to initialise from.
        data_preprocessor: By default a ``SelfSupDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    #: Training needs images only, no labels.
    unsupervised = True

    #: Parts without which :meth:`loss` cannot work.
    required: Sequence[str] = ()

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module | None = None,
        head: dict | nn.Module | None = None,
        target_generator: dict | nn.Module | None = None,
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        if pretrained is not None:
            init_cfg = {"type": "Pretrained", "checkpoint": pretrained}
        super().__init__(views_preprocessor(data_preprocessor), init_cfg, freeze=freeze)
        parts = {"backbone": backbone, "neck": neck, "head": head, "target_generator": target_generator}
        built = {name: None if part is None else MODELS.build(part) for name, part in parts.items()}
        for name in self.required:
            if parts[name] is None:
                raise ConfigError(f"{type(self).__name__} needs a {name}, got None", key=name)
        for name, part in built.items():
            if not isinstance(part, nn.Module) and (part is not None or name == "backbone"):
                raise ArgumentError(
                    f"model.{name} must be a module or its config, got {brief(part)}", key=name
                )
        self.backbone: Any = built["backbone"]
        if built["neck"] is not None:
            self.neck: Any = built["neck"]
        if built["head"] is not None:
            self.head: Any = built["head"]
        if built["target_generator"] is not None:
            self.target_generator: Any = built["target_generator"]
        self.freeze_declared(__class__)

    @property
    def with_neck(self) -> bool:
        """Whether there is a neck."""
        return getattr(self, "neck", None) is not None

    @property
    def with_head(self) -> bool:
        """Whether there is a head."""
        return getattr(self, "head", None) is not None

    @property
    def with_target_generator(self) -> bool:
        """Whether there is a target generator."""
        return getattr(self, "target_generator", None) is not None

    def train(self, mode: bool = True) -> Self:
        """Set the training mode; the target generator stays in evaluation mode."""
        super().train(mode)
        if self.with_target_generator:
            self.target_generator.eval()
        return self

    def forward(
        self,
        inputs: Views,
        data_samples: list[DataSample] | None = None,
        mode: Literal["tensor", "loss"] = "tensor",
    ) -> Any:
        """Run the network.

        Args:
            inputs: (B, C, H, W), or a list of views, as the method's loss wants it.
            data_samples: Data that belongs to the images, such as masks.
            mode: ``'tensor'`` for features, ``'loss'`` for losses by name.
        """
        if mode == "tensor":
            return self.extract_feat(inputs if isinstance(inputs, Tensor) else inputs[0])
        if mode == "loss":
            return self.loss(inputs, data_samples or [])
        raise ArgumentError(
            f"mode must be 'tensor' or 'loss', got {mode!r}",
            hint=f"{type(self).__name__} has no labels to predict: see how good its features are with a "
            "linear classifier.",
        )

    def extract_feat(self, inputs: Tensor) -> tuple:
        """Return the backbone's features of images (B, C, H, W), one entry per output stage."""
        return self.backbone(inputs)

    def loss(self, inputs: Any, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the losses of a batch by name."""
        raise NotImplementedError(f"{type(self).__name__} must implement loss(inputs, data_samples)")

    def get_layer_depth(self, param_name: str) -> tuple[int, int]:
        """Return the depth of a parameter for layer-wise decay, and the number of layers."""
        if not hasattr(self.backbone, "get_layer_depth"):
            raise NotImplementedError(f"{type(self.backbone).__name__} does not say how deep its layers are")
        return self.backbone.get_layer_depth(param_name, "backbone.")

    def views_of(self, inputs: Views, count: int, exact: bool = True) -> Sequence[Tensor]:
        """Return the views of a batch, each (B, C, H, W).

        Args:
            inputs: What the data preprocessor yields.
            count: How many views the method wants.
            exact: Refuse more than that; the first ``count`` are of interest otherwise.
        """
        name = type(self).__name__
        hint = (
            "Make them with MultiView, whose num_views says how many: dict(type='MultiView', num_views=...)."
        )
        if isinstance(inputs, Tensor):
            raise DataError(
                f"{name} compares {count} views of each image, but the batch has one",
                where=PIPELINE,
                hint=hint,
            )
        if len(inputs) < count or (exact and len(inputs) > count):
            raise DataError(
                f"{name} compares {count} views of each image, but the batch has {len(inputs)}",
                where=PIPELINE,
                hint=hint,
            )
        if len({len(view) for view in inputs}) > 1:
            counts = [len(view) for view in inputs]
            raise DataError(
                f"The views of a batch differ in number of images: {counts}", where=PIPELINE, hint=hint
            )
        return inputs

    def same_size(self, views: Sequence[Tensor]) -> None:
        """Fail if views (B, C, H, W) that the method runs together, or compares by place, differ in size."""
        sizes = {tuple(view.shape[2:]): f"{view.shape[2]} x {view.shape[3]}" for view in views}
        if len(sizes) > 1:
            raise DataError(
                f"{type(self).__name__} needs views of one size, but they are {' and '.join(sizes.values())}",
                where=PIPELINE,
                hint="Let the crops of these pipelines of MultiView have one scale.",
            )


def views_preprocessor(cfg: dict | nn.Module | None) -> nn.Module:
    """Build a data preprocessor; without ``type`` it is a ``SelfSupDataPreprocessor``."""
    if isinstance(cfg, nn.Module):
        return cfg
    if cfg is not None and not isinstance(cfg, Mapping):
        raise TypeError(f"data_preprocessor must be a dict or a module, got {cfg!r}")
    return MODELS.build(cfg or {}, default_args={"type": "SelfSupDataPreprocessor"})
