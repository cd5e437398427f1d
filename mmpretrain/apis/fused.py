"""Convolutions with the additions and activations behind them as single operators, on processors.

An activation that is computed with its convolution costs next to nothing; alone, it reads and writes a whole
map.
"""

from __future__ import annotations

import logging
import operator
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

logger = logging.getLogger(__name__)

#: Activations that oneDNN computes with a convolution: the operator's name for them, and its numbers.
ACTIVATIONS: dict[Any, tuple[str, list[float]]] = {
    nn.ReLU: ("relu", []),
    F.relu: ("relu", []),
    nn.ReLU6: ("hardtanh", [0.0, 6.0]),
    nn.Hardswish: ("hardswish", []),
    nn.SiLU: ("swish", []),
}
ADDITIONS = (operator.add, operator.iadd, torch.add)
#: Activations that it computes with an addition as well.
AFTER_ADDITIONS = ("relu",)


class FusedConv(nn.Module):
    """A convolution, the addition of another map if there is one, and an activation.

    Args:
        conv: The convolution.
        activation: An entry of :data:`ACTIVATIONS`.
    """

    def __init__(self, conv: nn.Conv2d, activation: tuple[str, list[float]]) -> None:
        super().__init__()
        self.conv = conv
        self.shape = (list(conv.padding), list(conv.stride), list(conv.dilation), conv.groups)
        self.activation = activation

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor:
        """Take a map (B, C, H, W), and one of the shape of the result to add."""
        conv, (name, numbers) = self.conv, self.activation
        operators: Any = torch.ops.mkldnn._convolution_pointwise
        if other is None:
            return operators(x, conv.weight, conv.bias, *self.shape, name, numbers, "")
        weights = (conv.weight, conv.bias, *self.shape)
        return operators.binary(x, other, *weights, "add", None, name, numbers, "")


def fuse(model: nn.Module) -> bool:
    """Let a model run its convolutions together with what follows them; whether there was something to fuse.

    The result is not compared with the original here, which the caller does.

    Args:
        model: A model on a processor, in evaluation mode; its ``forward`` is replaced.
    """
    if not hasattr(torch.ops.mkldnn, "_convolution_pointwise"):
        return False
    try:
        traced = torch.fx.symbolic_trace(model)
    except Exception as error:  # whose steps depend on the image
        logger.debug("The model is not traced: %s", error)
        return False
    found = 0
    for node in list(traced.graph.nodes):
        activation = _activation(traced, node)
        if activation is not None:
            found += _fuse_into(traced, node, activation)
    if not found:
        return False
    traced.graph.eliminate_dead_code()
    traced.recompile()
    model.forward = traced.forward  # type: ignore[method-assign]
    return True


def _activation(traced: Any, node: Any) -> tuple[str, list[float]] | None:
    kind = type(traced.get_submodule(node.target)) if node.op == "call_module" else node.target
    return ACTIVATIONS.get(kind) if node.op in ("call_module", "call_function") else None


def _fuse_into(traced: Any, node: Any, activation: tuple[str, list[float]]) -> bool:
    """Replace an activation, and the convolution before it, by one module."""
    before = _source(traced, node.args[0])
    for conv, other in _ways(traced, before):
        if not _is_conv(traced, conv) or (other is not None and activation[0] not in AFTER_ADDITIONS):
            continue
        name = f"fused_{node.name}"
        traced.add_submodule(name, FusedConv(traced.get_submodule(conv.target), activation))
        with traced.graph.inserting_before(node):
            args = (conv.args[0],) if other is None else (conv.args[0], other)
            node.replace_all_uses_with(traced.graph.call_module(name, args))
        traced.graph.erase_node(node)
        return True
    return False


def _ways(traced: Any, before: Any) -> Iterator[tuple[Any, Any]]:
    """Yield what may be the convolution in front of an activation, with what is added to it."""
    if before.op == "call_function" and before.target in ADDITIONS and len(before.users) == 1:
        first, second = before.args[:2]
        if isinstance(first, torch.fx.Node) and isinstance(second, torch.fx.Node):
            yield _source(traced, first), second
            yield _source(traced, second), first
    else:
        yield before, None


def _source(traced: Any, node: Any) -> Any:
    """Return what a node gets its value from, through modules that do nothing."""
    while (
        node.op == "call_module"
        and isinstance(traced.get_submodule(node.target), nn.Identity)
        and len(node.users) == 1
    ):
        node = node.args[0]
    return node


def _is_conv(traced: Any, node: Any) -> bool:
    if node.op != "call_module" or len(node.users) != 1:
        return False
    conv = traced.get_submodule(node.target)
    return type(conv) is nn.Conv2d and conv.padding_mode == "zeros" and not isinstance(conv.padding, str)
