"""What sparse backbones share: a mask of what is visible."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from torch import Tensor

from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.layers.sparse import ActiveMap, hidden

T = TypeVar("T")


class SparseBackbone(BaseBackbone):
    """A backbone whose layers read a mask of what is visible.

    Attributes:
        active: The mask, which the layers share.
    """

    active: ActiveMap

    def masked(self, mask: Tensor) -> AbstractContextManager[None]:
        """Hide parts of the images of a batch: a mask (B, 1, f, g), 1 where they are visible."""
        return hidden(self.active, mask)

    def run(self, block: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call ``block``; where it is recomputed in the backward pass, it sees the same mask again."""
        mask = self.active.mask
        if mask is None or not self.with_cp:
            return super().run(block, *args, **kwargs)

        def masked_block(*inputs: Any, **options: Any) -> T:
            with self.masked(mask):
                return block(*inputs, **options)

        return super().run(masked_block, *args, **kwargs)
