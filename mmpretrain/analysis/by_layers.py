"""What a model costs by the convention of MMClassification 0.x, for comparing with figures of then.

Only layers count: convolutions and linear layers with their biases, norms, ReLUs, pooling and resizing.
Products that a network computes itself, such as those of attention, and other activations do not.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.modules.instancenorm import _InstanceNorm
from torch.nn.modules.pooling import _AdaptiveAvgPoolNd, _AdaptiveMaxPoolNd, _AvgPoolNd, _MaxPoolNd

from mmpretrain.analysis.complexity import Cost, sum_up


def _conv(layer: _ConvNd, image: Tensor, out: Tensor) -> Cost:
    positions = (image if isinstance(layer, _ConvTransposeNd) else out).shape[2:]
    products = len(image) * layer.weight.numel() * math.prod(positions)
    return Cost(products + (out.numel() if layer.bias is not None else 0), activations=out.numel())


def _linear(layer: nn.Linear, features: Tensor, out: Tensor) -> Cost:
    products = features.numel() * out.shape[-1]
    return Cost(products + (out.shape[-1] if layer.bias is not None else 0), activations=out.numel())


def _norm(layer: Any, features: Tensor, out: Tensor) -> Cost:
    affine = getattr(layer, "affine", getattr(layer, "elementwise_affine", True))
    return Cost(others=features.numel() * (2 if affine else 1))


#: Kinds of layers, and what one costs for its input and its output.
LAYERS: tuple[tuple[Any, Callable[[Any, Tensor, Tensor], Cost]], ...] = (
    (_ConvNd, _conv),
    (nn.Linear, _linear),
    ((_BatchNorm, _InstanceNorm, nn.GroupNorm, nn.LayerNorm), _norm),
    ((nn.ReLU, nn.ReLU6, nn.PReLU, nn.ELU, nn.LeakyReLU), lambda _, features, out: Cost(others=out.numel())),
    (
        (_MaxPoolNd, _AvgPoolNd, _AdaptiveAvgPoolNd, _AdaptiveMaxPoolNd),
        lambda _, features, out: Cost(others=features.numel()),
    ),
    (nn.Upsample, lambda _, features, out: Cost(others=out.numel())),
)


def count_layers(model: nn.Module, run: Callable[[], Any]) -> dict[str, Cost]:
    """Count what a model costs, by its layers.

    Args:
        model: The model, in evaluation mode.
        run: Calls the model once.

    Returns:
        Cost by module name; that of the whole model under ``""``.
    """
    costs: defaultdict[str, Cost] = defaultdict(Cost)
    handles = []
    for name, layer in model.named_modules():
        cost = next((cost for kinds, cost in LAYERS if isinstance(layer, kinds)), None)
        if cost is None:
            continue

        def after(
            layer: nn.Module, args: Any, out: Any, name: str = name, cost: Callable[..., Cost] = cost
        ) -> None:
            costs[name].add(cost(layer, args[0], out))

        handles.append(layer.register_forward_hook(after))
    try:
        with torch.no_grad():
            run()
    finally:
        for handle in handles:
            handle.remove()
    return sum_up(model, costs)
