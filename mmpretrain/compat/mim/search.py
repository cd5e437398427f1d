"""``mim search``: the zoo as a table that can be filtered and sorted."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mmpretrain.checkpoints import zoo
from mmpretrain.checkpoints.zoo import ModelInfo
from mmpretrain.errors import ConfigError
from mmpretrain.utils.suggest import did_you_mean

#: Field -> its value for a model.
FIELDS: dict[str, Callable[[ModelInfo], Any]] = {
    "name": lambda info: info.name,
    "model": lambda info: info.collection,
    "config": lambda info: info.config.name,
    "weight": lambda info: info.weights,
    "params": lambda info: info.params,
    "flops": lambda info: info.flops,
    "top1": lambda info: info.metric("Top 1 Accuracy")[0],
    "top5": lambda info: info.metric("Top 5 Accuracy")[0],
    "map": lambda info: info.metric("mAP")[0],
    "dataset": lambda info: (info.results or [{"Dataset": None}])[0]["Dataset"],
    "task": lambda info: (info.results or [{"Task": None}])[0]["Task"],
}
#: Other spellings.
ALIASES = {"weights": "weight", "parameters": "params", "top_1_accuracy": "top1", "top_5_accuracy": "top5"}
#: What a table shows unless it is told otherwise.
SHOWN = ("name", "params", "flops", "top1", "dataset")

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
    ">": operator.gt, "<": operator.lt, "=": operator.eq,
}  # fmt: skip
_TERM = re.compile(r"\s*([\w/-]+)\s*(>=|<=|==|!=|>|<|=)\s*([^\s]+)\s*")


@dataclass(frozen=True)
class Condition:
    """A comparison, such as ``top1 > 80``."""

    field: str
    compare: Callable[[Any, Any], bool]
    value: Any

    def holds(self, info: ModelInfo) -> bool:
        """Whether it holds for a model; a fact that is not known never holds."""
        found = FIELDS[self.field](info)
        if found is None or isinstance(found, str) is not isinstance(self.value, str):
            return False
        return self.compare(found, self.value)


def field(name: str) -> str:
    """Return the name of a field.

    Raises:
        ConfigError: If there is none.
    """
    folded = name.lower().rpartition("/")[2].replace(" ", "_")
    folded = ALIASES.get(folded, folded)
    if folded not in FIELDS:
        hint = did_you_mean(name, FIELDS) or f"There are {', '.join(FIELDS)}."
        raise ConfigError(f"models have no field {name!r}", hint=hint)
    return folded


def parse_condition(text: str) -> list[Condition]:
    """Read ``'top1 > 80, params < 30e6'``; all of it has to hold.

    Raises:
        ConfigError: If it is not understood.
    """
    found = []
    for term in re.split(r",|&&?|\band\b", text):
        match = _TERM.fullmatch(term)
        if match is None:
            raise ConfigError(
                f"a condition is FIELD > NUMBER, got {term.strip()!r}",
                hint="For example: 'top1 > 80, params < 30e6'.",
            )
        try:
            value: Any = float(match[3])
        except ValueError:
            value = match[3].strip("\"'")
        found.append(Condition(field(match[1]), _OPERATORS[match[2]], value))
    return found


def search(
    models: Iterable[str] = (),
    configs: Iterable[str] = (),
    conditions: Sequence[Condition] = (),
    sort: Sequence[str] = (),
    *,
    ascending: bool = True,
) -> list[ModelInfo]:
    """Return the models of the zoo that fit.

    Args:
        models: Parts of the names of their families; any will do.
        configs: Parts of the names of their configs; any will do.
        conditions: Conditions that a model must meet.
        sort: Fields to sort by, the first one first; models without a value come last.
        ascending: Whether the least comes first.
    """
    families, parts = (
        [name.lower() for name in models],
        [name.lower().removesuffix(".py") for name in configs],
    )
    found = []
    for info in zoo.zoo().values():
        names = (info.collection.lower(), info.config.parent.name.lower().replace("_", "-"))
        if families and not any(part.replace("_", "-") in name for part in families for name in names):
            continue
        if parts and not any(
            part in text.lower() for part in parts for text in (info.name, info.config.stem)
        ):
            continue
        if all(condition.holds(info) for condition in conditions):
            found.append(info)
    for name in reversed([field(name) for name in sort]):
        known = [info for info in found if FIELDS[name](info) is not None]
        rest = [info for info in found if FIELDS[name](info) is None]
        found = sorted(known, key=FIELDS[name], reverse=not ascending) + rest
    return found
