"""Values on the command line: ``--cfg-options model.backbone.depth=18 train_cfg.milestones="[30, 60]"``."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mmpretrain.config.bounds import MAX_DEPTH
from mmpretrain.errors import ConfigError
from mmpretrain.utils.brief import brief

_CLOSING = {"(": ")", "[": "]", "{": "}"}


def parse_options(options: Iterable[str]) -> dict[str, Any]:
    """Parse ``KEY=VALUE`` strings.

    Example:
        >>> parse_options(['model.head.topk=(1, 5)', 'optim_wrapper.optimizer.lr=1e-3'])
        {'model.head.topk': (1, 5), 'optim_wrapper.optimizer.lr': 0.001}

    Raises:
        ConfigError: If a string has no ``=`` or its brackets do not match.
    """
    parsed = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals or not key:
            raise ConfigError(
                f"An option is KEY=VALUE, got {brief(option)}",
                where="--cfg-options",
                hint='Put a value with spaces in quotes: train_pipeline.1.scale="(256, 256)".',
            )
        parsed[key.strip()] = parse_value(value, option)
    return parsed


def parse_value(text: str, option: str = "") -> Any:
    """Parse one value.

    Numbers, ``true``/``false`` in any case and ``None`` become what they look like. A comma makes a list,
    brackets make a list or tuple; they may be nested, and their strings need no quotes.

    Args:
        text: The value.
        option: The whole option, for messages.

    Example:
        >>> parse_value('[(train, 1), (val, 1)]')
        [('train', 1), ('val', 1)]
    """
    text = text.strip().strip("'\"").strip()
    if text.startswith("{") and text.endswith("}"):
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return text
    if "," not in text and text[:1] not in ("(", "["):
        return _parse_scalar(text)
    parts = list(_split(text, option or text))
    bracketed = text[:1] in ("(", "[") and len(parts) == 1 and text.endswith(_CLOSING[text[0]])
    if bracketed:
        parts = list(_split(text[1:-1], option or text))
    elif len(parts) == 1:
        return _parse_scalar(text)
    if parts[-1].strip() == "":  # `(1, )`, `[]`
        parts.pop()
    values = [parse_value(part, option) for part in parts]
    return tuple(values) if bracketed and text[0] == "(" else values


def _split(text: str, option: str) -> Iterator[str]:
    """Split at the commas that are in no bracket."""
    start = 0
    expected: list[str] = []
    for index, char in enumerate(text):
        if char in _CLOSING:
            expected.append(_CLOSING[char])
            if len(expected) > MAX_DEPTH:
                raise ConfigError(
                    f"More than {MAX_DEPTH} brackets inside of each other in {brief(option)}",
                    where="--cfg-options",
                )
        elif char in _CLOSING.values():
            if not expected or expected.pop() != char:
                raise ConfigError(f"Unmatched {char!r} in {brief(option)}", where="--cfg-options")
        elif char == "," and not expected:
            yield text[start:index]
            start = index + 1
    if expected:
        raise ConfigError(f"Missing {expected[-1]!r} in {brief(option)}", where="--cfg-options")
    yield text[start:]


def _parse_scalar(text: str) -> Any:
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return None if text == "None" else text


class DictAction(argparse.Action):
    """An ``argparse`` action that collects ``KEY=VALUE`` arguments in a dict.

    Example:
        >>> parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Add the options of one occurrence to those of earlier ones."""
        given = [values] if isinstance(values, str) else list(values or [])
        options = {**(getattr(namespace, self.dest, None) or {}), **parse_options(given)}
        setattr(namespace, self.dest, options)
