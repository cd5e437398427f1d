"""Attention rollout (`Quantifying Attention Flow in Transformers <https://arxiv.org/abs/2005.00928>`_)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from mmpretrain.errors import ConfigError
from mmpretrain.explain.layout import find_layout
from mmpretrain.explain.trace import run

_SOFTMAX = {torch.softmax, F.softmax, Tensor.softmax}


class RecordAttention(TorchFunctionMode):
    """Keeps the mean over heads of each attention (B, N, N) that is computed inside of it."""

    def __init__(self) -> None:
        super().__init__()
        self.layers: list[Tensor] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run a function of torch, and look at it if it is an attention."""
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        if func is F.scaled_dot_product_attention:
            self._keep(attention_weights(*args, **kwargs))
        elif func in _SOFTMAX:
            self._keep(output)
        return output

    def _keep(self, weights: Tensor) -> None:
        if weights.ndim >= 3 and weights.shape[-1] == weights.shape[-2]:
            self.layers.append(weights.flatten(1, -3).mean(1) if weights.ndim > 3 else weights)


def attention_weights(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Return the weights (..., N, M) of an attention; arguments as for ``scaled_dot_product_attention``."""
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    if enable_gqa:
        key = key.repeat_interleave(query.shape[-3] // key.shape[-3], -3)
    logits = query @ key.transpose(-2, -1) * scale
    if is_causal:
        logits = logits.masked_fill(torch.ones_like(logits, dtype=torch.bool).triu(1), -torch.inf)
    if attn_mask is not None:
        masked = attn_mask.dtype == torch.bool
        logits = logits.masked_fill(~attn_mask, -torch.inf) if masked else logits + attn_mask
    return logits.softmax(-1)


@torch.no_grad()
def rollout(model: nn.Module, inputs: Tensor, extras: Sequence[int], task: str | None = None) -> Tensor:
    """Follow attention from the output back to the patches.

    Where there is a class token, the map is what it attends to; otherwise, what all patches attend to.

    Args:
        model: A transformer whose layers look at all tokens.
        inputs: (B, 3, H, W), normalised.
        extras: Numbers of extra tokens that it may have, the likeliest first.
        task: The task, of several.

    Returns:
        (B, h, w).

    Raises:
        ConfigError: If its layers do not look at all tokens.
    """
    with RecordAttention() as attention:
        trace = run(model, inputs, {}, task=task)
    count = attention.layers[0].shape[-1] if attention.layers else 0
    layout = None
    if all(layer.shape == (len(inputs), count, count) for layer in attention.layers):
        tokens = inputs.new_empty(1, count, 1)
        height, width = inputs.shape[2:]
        layout = find_layout(tokens, (height, width), extras=extras, grids=trace.grids) if count else None
    if layout is None:
        raise ConfigError(
            f"attention rollout needs attention among all tokens in each layer: {_name(model)} has other",
            hint="Use gradcam, layercam or auto.",
            key="method",
        )
    identity = torch.eye(count, device=inputs.device)
    flow = identity.expand(len(inputs), -1, -1)
    for layer in attention.layers:
        flow = (layer.float() + identity) / 2 @ flow
    patches = flow[..., layout.extra :]
    seen = patches[:, 0] if layout.extra else patches.mean(1)
    return seen.unflatten(1, layout.grid)


def _name(model: nn.Module) -> str:
    return type(getattr(model, "backbone", model)).__name__
