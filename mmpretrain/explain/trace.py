"""One forward pass, and what layers put out in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

from mmpretrain.errors import ConfigError

Change = Callable[[Tensor], Tensor]


@dataclass
class Trace:
    """What a forward pass left behind.

    Args:
        scores: (B, K), before softmax.
        outputs: Outputs of layers by name, in the order in which the layers ended. The gradient of a score
            belongs to these.
        values: The same as the network passed them on: a layer that works in place, such as the ReLU
            behind a norm, has changed them.
        inputs: The images, whose gradient is known.
        grids: Pairs of numbers that modules took or returned, the latest first: often a grid (h, w).
    """

    scores: Tensor
    inputs: Tensor
    outputs: dict[str, Tensor] = field(default_factory=dict)
    values: dict[str, Tensor] = field(default_factory=dict)
    grids: list[tuple[int, int]] = field(default_factory=list)

    def gradients(self, names: Iterable[str], score: Tensor) -> dict[str, Tensor]:
        """Return the gradient of a number with respect to outputs; zero where it does not depend on them."""
        known = [name for name in names if self.outputs[name].requires_grad]
        if not known:
            return {}
        found = torch.autograd.grad(
            score, [self.outputs[name] for name in known], allow_unused=True, retain_graph=True
        )
        return {
            name: torch.zeros_like(self.outputs[name]) if g is None else g for name, g in zip(known, found)
        }

    def is_only_way(self, name: str) -> bool:
        """Whether all ways from the scores back to the images lead through an output."""
        wall, seen = self.outputs[name].grad_fn, set()
        ahead = [self.scores.grad_fn]
        while ahead:
            node = ahead.pop()
            if node is None or node is wall or node in seen:
                continue
            seen.add(node)
            if getattr(node, "variable", None) is self.inputs:
                return False
            ahead += [following for following, _ in node.next_functions]
        return True


def run(
    model: nn.Module,
    inputs: Tensor,
    layers: Mapping[str, nn.Module],
    *,
    task: str | None = None,
    changes: Mapping[str, Change] | None = None,
) -> Trace:
    """Run a model and keep what its layers put out.

    Args:
        model: A classifier in evaluation mode.
        inputs: (B, 3, H, W), normalised.
        layers: The layers by name.
        task: The task, of several.
        changes: What to make of the outputs of layers, by name, before they are passed on.
    """
    trace = Trace(inputs, inputs)
    grids: dict[tuple[int, int], None] = {}
    handles = []
    for name, layer in layers.items():
        change = (changes or {}).get(name)
        handles.append(layer.register_forward_hook(_keep(trace, name, change)))
    for module in model.modules():
        handles.append(module.register_forward_hook(_note_pairs(grids), with_kwargs=True))
    try:
        # A copy, as a model may change its input in place.
        trace.scores = scores_of(model, inputs * 1, task)
    finally:
        for handle in handles:
            handle.remove()
    trace.grids = list(grids)[::-1]
    return trace


def _keep(trace: Trace, name: str, change: Change | None) -> Callable[..., Any]:
    def hook(module: nn.Module, inputs: Any, output: Any) -> Any:
        tensor = _first_tensor(output)
        if tensor is None:
            return None
        # What follows gets a copy, so that layers that work in place leave the output's gradient alone.
        passed = tensor.clone() if change is None else change(tensor)
        for kept in (trace.outputs, trace.values):
            kept.pop(name, None)
        trace.outputs[name], trace.values[name] = tensor, passed
        return _with_first_tensor(output, passed)

    return hook


def _note_pairs(grids: dict[tuple[int, int], None]) -> Callable[..., None]:
    def hook(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        for item in (*args, *kwargs.values(), *(output if isinstance(output, tuple) else ())):
            if isinstance(item, (tuple, torch.Size)) and len(item) == 2 and all(type(i) is int for i in item):
                pair = (item[0], item[1])
                grids.pop(pair, None)
                grids[pair] = None

    return hook


def _first_tensor(output: Any) -> Tensor | None:
    if isinstance(output, Tensor):
        return output if output.is_floating_point() else None
    return _first_tensor(output[0]) if isinstance(output, (tuple, list)) and output else None


def _with_first_tensor(output: Any, tensor: Tensor) -> Any:
    if isinstance(output, Tensor):
        return tensor
    first = _with_first_tensor(output[0], tensor)
    if hasattr(output, "_fields"):
        return type(output)(first, *output[1:])
    return type(output)([first, *output[1:]])


def scores_of(model: nn.Module, inputs: Tensor, task: str | None = None) -> Tensor:
    """Return the scores (B, K) before softmax that a classifier gives.

    Args:
        model: The classifier.
        inputs: (B, 3, H, W), normalised.
        task: The task, of several.

    Raises:
        ConfigError: If the model gives no scores, or several tasks and none is named.
    """
    scores = model(inputs, mode="tensor")
    if isinstance(scores, Mapping):
        if task not in scores:
            raise ConfigError(
                f"the model has the tasks {', '.join(map(repr, scores))}, and no task {task!r}"
                if task is not None
                else "the model has several tasks, and an explanation is of one of them",
                hint=f"Name one: task={next(iter(scores))!r}.",
                key="task",
            )
        scores = scores[task]
    if isinstance(scores, (tuple, list)) and all(map(_is_scores, scores)) and getattr(model, "head", None):
        return torch.stack(list(scores)).sum(0)  # one for each branch, as Conformer has
    if not _is_scores(scores):
        raise ConfigError(
            f"{type(model).__name__} gives no scores of classes, so that there is none to explain",
            hint="Explanations need a classifier with a head.",
        )
    return scores


def _is_scores(value: Any) -> TypeGuard[Tensor]:
    return isinstance(value, Tensor) and value.ndim == 2
