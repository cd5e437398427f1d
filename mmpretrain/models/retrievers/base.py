"""What all retrievers have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmpretrain.models.base import BaseModel

#: The items to search: their features, a file of them, or a data loader (or its config) of the images.
Prototype: TypeAlias = "Tensor | str | DataLoader | Mapping[str, Any]"


class BaseRetriever(BaseModel):
    """Finds the items of a collection, the prototype, that are most similar to a query.

    Args:
        prototype: The items.
        data_preprocessor: A module, or its config.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    def __init__(
        self,
        prototype: Prototype | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg, freeze=freeze)
        self.prototype = prototype
        self.prototype_inited = False

    @abstractmethod
    def forward(
        self,
        inputs: Tensor,
        data_samples: list | None = None,
        mode: Literal["tensor", "loss", "predict"] = "tensor",
    ) -> Any:
        """Return features, losses by name, or the data samples with predictions, as ``mode`` says."""

    def extract_feat(self, inputs: Tensor) -> Any:
        """Return the features of a batch."""
        raise NotImplementedError(f"{type(self).__name__} must implement extract_feat()")

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the losses of a batch by name."""
        raise NotImplementedError(f"{type(self).__name__} must implement loss()")

    def predict(self, inputs: Tensor, data_samples: Sequence | None = None, **kwargs: Any) -> list:
        """Return the data samples of a batch with predictions."""
        raise NotImplementedError(f"{type(self).__name__} must implement predict()")

    def matching(self, inputs: Tensor) -> dict[str, Tensor]:
        """Compare features (B, C) with the items."""
        raise NotImplementedError(f"{type(self).__name__} must implement matching()")

    def prepare_prototype(self) -> None:
        """Compute the features of the items; called before validation and testing."""
        raise NotImplementedError(f"{type(self).__name__} must implement prepare_prototype()")

    def dump_prototype(self, path: str) -> None:
        """Save the features of the items."""
        raise NotImplementedError(f"{type(self).__name__} must implement dump_prototype()")
