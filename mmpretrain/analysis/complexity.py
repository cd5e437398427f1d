"""What a model costs: multiplications, activations and parameters, for each of its modules.

Operators are counted by the shapes that torch's dispatcher sees, so a model on the ``meta`` device is counted
without being computed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from mmpretrain.analysis.operators import OTHERS, PRODUCTS, attention_flops


@dataclass
class Cost:
    """What a module costs, its parts included.

    Attributes:
        products: FLOPs of convolutions and matrix products.
        attention: FLOPs of scaled dot-product attention, which MMPretrain 1.x leaves out.
        others: FLOPs of normalisation, pooling and resizing.
        activations: Elements that convolutions and matrix products put out.
        params: Parameters.
    """

    products: int = 0
    attention: int = 0
    others: int = 0
    activations: int = 0
    params: int = 0

    @property
    def flops(self) -> int:
        """All FLOPs."""
        return self.products + self.attention + self.others

    def add(self, other: Cost) -> None:
        """Add the cost of a part."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


class Complexity(TypedDict):
    """The result of :func:`get_model_complexity_info`; texts are for people."""

    flops: int
    flops_str: str
    activations: int
    activations_str: str
    params: int
    params_str: str
    out_table: str
    out_arch: str


# -- counting ------------------------------------------------------------------------------------------


@dataclass
class _Tally:
    """Costs by the name of the innermost module that is running."""

    costs: defaultdict[str, Cost] = field(default_factory=lambda: defaultdict(Cost))
    running: list[str] = field(default_factory=lambda: [""])
    counted: bool = False

    def add(self, cost: Cost) -> None:
        self.costs[self.running[-1]].add(cost)


class _Operators(TorchDispatchMode):
    def __init__(self, tally: _Tally) -> None:
        super().__init__()
        self.tally = tally

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        operator = func.overloadpacket
        if not self.tally.counted and (operator in PRODUCTS or operator in OTHERS):
            first = out[0] if isinstance(out, (tuple, list)) else out
            if operator in PRODUCTS:
                self.tally.add(Cost(products=PRODUCTS[operator](args, first), activations=first.numel()))
            else:
                self.tally.add(Cost(others=OTHERS[operator](args, first)))
        return out


class _Attention(TorchFunctionMode):
    """Counts attention as a whole; below it, each device takes another way."""

    def __init__(self, tally: _Tally) -> None:
        super().__init__()
        self.tally = tally

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func is not F.scaled_dot_product_attention:
            return func(*args, **(kwargs or {}))
        named = {**dict(zip(("query", "key", "value"), args)), **(kwargs or {})}
        flops = attention_flops(named["query"], named["key"], named["value"])
        self.tally.add(Cost(attention=flops))
        self.tally.counted = True
        try:
            return func(*args, **(kwargs or {}))
        finally:
            self.tally.counted = False


@contextmanager
def _naming_modules(model: nn.Module, tally: _Tally) -> Iterator[None]:
    """Keep the tally informed of which module is running."""
    handles = []
    for name, module in model.named_modules():

        def enter(*_: Any, name: str = name) -> None:
            tally.running.append(name)

        def leave(*_: Any) -> None:
            tally.running.pop()

        handles += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def count(model: nn.Module, run: Callable[[], Any]) -> dict[str, Cost]:
    """Count what a model costs.

    Args:
        model: The model, in the mode (training or evaluation) that is to be counted.
        run: Calls the model once.

    Returns:
        Cost by module name; that of the whole model under ``""``.
    """
    tally = _Tally()
    with _naming_modules(model, tally), torch.no_grad(), _Operators(tally), _Attention(tally):
        run()
    return sum_up(model, tally.costs)


def sum_up(model: nn.Module, costs: Mapping[str, Cost]) -> dict[str, Cost]:
    """Return the cost of each module with its parts, and its parameters.

    Args:
        model: The model.
        costs: What was counted in each module alone, by its name.
    """
    total = {name: Cost() for name, _ in model.named_modules()}
    for name, cost in costs.items():
        for above in _path(name):
            total[above].add(cost)
    for name, parameter in model.named_parameters():
        for above in _path(name.rpartition(".")[0]):
            total[above].params += parameter.numel()
    return total


def _path(name: str) -> list[str]:
    """Return a module's name and those of all modules around it."""
    names = [""]
    for end in [index for index, char in enumerate(name) if char == "."] + [len(name)] * bool(name):
        names.append(name[:end])
    return names


def get_model_complexity_info(
    model: nn.Module,
    input_shape: Sequence[int] | None = None,
    inputs: Tensor | Sequence[Any] | None = None,
    show_table: bool = True,
    show_arch: bool = True,
) -> Complexity:
    """Count what a model costs; the model is put into evaluation mode.

    Args:
        model: The model, called with one image, or with ``inputs``.
        input_shape: Shape of the image ``(C, H, W)``.
        inputs: A batch ``(1, C, H, W)``, or the arguments of the call, in place of ``input_shape``.
        show_table: Make the table of modules.
        show_arch: Make the tree of modules.

    Raises:
        ValueError: If neither or both of ``input_shape`` and ``inputs`` are given.
    """
    if (input_shape is None) == (inputs is None):
        raise ValueError("Give either input_shape or inputs")
    if inputs is None:
        like = next(model.parameters(), torch.empty(0))
        inputs = torch.zeros(1, *(input_shape or ()), dtype=like.dtype, device=like.device)
    arguments = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    costs = count(model.eval(), lambda: model(*arguments))
    whole = costs[""]
    return {
        "flops": whole.flops,
        "flops_str": short(whole.flops),
        "activations": whole.activations,
        "activations_str": short(whole.activations),
        "params": whole.params,
        "params_str": short(whole.params),
        "out_table": table(costs, type(model).__name__) if show_table else "",
        "out_arch": str(model) if show_arch else "",
    }


# -- showing -------------------------------------------------------------------------------------------

_UNITS = ((1e11, 1e12, "T"), (1e8, 1e9, "G"), (1e5, 1e6, "M"), (1e2, 1e3, "K"))


def short(number: float) -> str:
    """Return a number with its unit: ``4.119G``."""
    for least, unit, name in _UNITS:
        if number > least:
            return f"{number / unit:.3f}".rstrip("0").rstrip(".") + name
    return str(number)


def table(costs: Mapping[str, Cost], title: str = "model", depth: int | None = 4) -> str:
    """Return a table of modules that have parameters or cost something.

    Args:
        costs: What :func:`count` returned.
        title: Name of the whole model.
        depth: How many levels of modules to show; None for all.
    """
    rows = [("module", "params", "FLOPs", "activations")]
    for name, cost in costs.items():
        level = name.count(".") + bool(name)
        if (depth is not None and level > depth) or not (cost.flops or cost.params):
            continue
        numbers = (short(cost.params), short(cost.flops), short(cost.activations))
        rows.append(("  " * level + (name.rpartition(".")[2] or title), *numbers))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(row[1:], widths[1:]))])
        for row in rows
    )
