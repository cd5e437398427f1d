"""From what a backbone puts out to one vector for each image."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from mmpretrain.errors import DataError

Pool = Literal["auto", "cls", "avg"]


def pooled(output: Any, num_extra_tokens: int = 0, pool: Pool = "auto") -> Tensor:
    """One vector (B, C) for each image.

    Args:
        output: A vector (B, C), a map (B, C, H, W), tokens (B, N, C), or a sequence of these, which are
            concatenated.
        num_extra_tokens: Number of tokens before those of the patches.
        pool: For tokens, ``'cls'`` for the first one, ``'avg'`` for the mean of the patches; ``'auto'`` is
            ``'avg'``.
    """
    if isinstance(output, (tuple, list)):
        return torch.cat([pooled(part, num_extra_tokens, pool) for part in output], dim=1)
    if not isinstance(output, Tensor) or output.ndim < 2:
        raise DataError(f"A backbone must put out tensors (B, C, ...), got {type(output).__name__}")
    if output.ndim == 2:
        return output
    if output.ndim == 3:
        if pool == "cls" and num_extra_tokens:
            return output[:, 0]
        return output[:, num_extra_tokens:].mean(dim=1)
    return output.flatten(2).mean(dim=2)
