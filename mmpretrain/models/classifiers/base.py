"""Base class of the classifiers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

from torch import Tensor, nn

from mmpretrain.models.base import BaseModel
from mmpretrain.structures import BaseDataElement


class BaseClassifier(BaseModel):
    """Base of all classifiers.

    Args:
        init_cfg: How the weights are initialised.
        data_preprocessor: A module, or its config; by default batches are only moved to the device.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    neck: nn.Module | None
    head: nn.Module | None

    def __init__(
        self,
        init_cfg: dict | list[dict] | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg, freeze=freeze)

    @property
    def with_neck(self) -> bool:
        """Whether there is a neck."""
        return getattr(self, "neck", None) is not None

    @property
    def with_head(self) -> bool:
        """Whether there is a head."""
        return getattr(self, "head", None) is not None

    @abstractmethod
    def forward(
        self,
        inputs: Tensor,
        data_samples: list[BaseDataElement] | None = None,
        mode: Literal["tensor", "loss", "predict"] = "tensor",
    ) -> Any:
        """Return scores, losses by name, or the data samples with predictions, as ``mode`` says."""

    def extract_feat(self, inputs: Tensor) -> Any:
        """Return the features of a batch (B, C, ...)."""
        raise NotImplementedError(f"{type(self).__name__} must implement extract_feat()")

    def extract_feats(self, multi_inputs: Sequence[Tensor], **kwargs: Any) -> list:
        """Return the features of several batches."""
        if not isinstance(multi_inputs, Sequence):
            raise TypeError("extract_feats takes a sequence of batches; for one batch use extract_feat")
        return [self.extract_feat(inputs, **kwargs) for inputs in multi_inputs]
