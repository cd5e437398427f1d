"""Layouts of weights, and how their tensors are renamed to the names used here.

A layout is data: key patterns that tell it apart, an ordered table of pattern -> replacement, and, for the
few tensors whose values are arranged in another way, functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

Tensors = dict[str, Tensor]
#: What a match becomes; None drops the tensor.
Replacement = str | Callable[[re.Match[str]], str] | None
Rules = tuple[tuple[str, Replacement], ...]

#: Everything but the head and the neck belongs to the backbone.
TO_BACKBONE: Rules = ((r"^(?!head\.|neck\.|backbone\.)", "backbone."),)


@dataclass(frozen=True)
class Layout:
    """The names and shapes that another library, or an older version, gives a family of models.

    Args:
        source: Who writes it.
        family: The models.
        marks: Patterns; each has to match some key.
        rules: Pattern -> replacement, all applied in this order to every key.
        without: Patterns that must not match any key.
        prepare: Functions of all tensors, applied before the rules.
        tensors: Pattern of a new key -> function of its tensor.
        condition: A further condition on the tensors, where their keys leave a doubt.
    """

    source: str
    family: str
    marks: tuple[str, ...]
    rules: Rules
    without: tuple[str, ...] = ()
    prepare: tuple[Callable[[Tensors], Tensors], ...] = ()
    tensors: tuple[tuple[str, Callable[[Tensor], Tensor]], ...] = ()
    condition: Callable[[Mapping[str, Tensor]], bool] | None = None

    @property
    def name(self) -> str:
        """Source and family."""
        return f"{self.source}/{self.family}"

    def matches(self, weights: Mapping[str, Tensor]) -> bool:
        """Whether these weights are of this layout."""

        def found(pattern: str) -> bool:
            return any(re.search(pattern, key) for key in weights)

        if not all(map(found, self.marks)) or any(map(found, self.without)):
            return False
        return self.condition is None or self.condition(weights)

    def convert(self, weights: Mapping[str, Tensor]) -> Tensors:
        """Return the tensors under the names that a classifier has here."""
        prepared = dict(weights)
        for step in self.prepare:
            prepared = step(prepared)
        converted = {}
        for key, value in prepared.items():
            name = rename(key, self.rules + TO_BACKBONE)
            if name is not None:
                for pattern, function in self.tensors:
                    value = function(value) if re.search(pattern, name) else value
                converted[name] = value
        return converted


def rename(key: str, rules: Rules) -> str | None:
    """Apply rules to a key."""
    for pattern, replacement in rules:
        if replacement is None:
            if re.search(pattern, key):
                return None
        else:
            key = re.sub(pattern, replacement, key)
    return key


def number(template: str, **change: Callable[[int], int]) -> Callable[[re.Match[str]], str]:
    """Make a replacement that computes with numbers.

    Args:
        template: The replacement; ``{name}`` stands for a named group of the pattern.
        **change: What becomes of the numbers in these groups.
    """

    def replace(match: re.Match[str]) -> str:
        groups = match.groupdict()
        numbers = {name: function(int(groups[name])) for name, function in change.items()}
        return template.format(**{**groups, **numbers})

    return replace


def table(template: str, **names: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
    """Make a replacement that looks groups up; ``template`` as for :func:`number`."""

    def replace(match: re.Match[str]) -> str:
        groups = match.groupdict()
        return template.format(**{**groups, **{name: known[groups[name]] for name, known in names.items()}})

    return replace
