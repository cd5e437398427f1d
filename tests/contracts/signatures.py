"""Constructor signatures of the 1.x components, from the recorded facts."""

from __future__ import annotations

import ast
import inspect
import re
from typing import Any

from tests.golden.facts import load

#: What a default is when it is no literal.
NOT_LITERAL = object()


def recorded(registry: str, name: str) -> dict[str, Any]:
    """Parameter names of a 1.x component and their defaults (``inspect.Parameter.empty`` for none)."""
    text = re.sub(r"<class '.*?'>", "NOT_LITERAL", load("components")[registry][name])
    arguments = ast.parse(f"def f{text}: ...").body[0].args  # type: ignore[attr-defined]
    names = [arg.arg for arg in arguments.args]
    defaults = [_literal(default) for default in arguments.defaults]
    return dict(zip(names, [inspect.Parameter.empty] * (len(names) - len(defaults)) + defaults))


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return NOT_LITERAL


def check_signature(registry: str, name: str, cls: type) -> None:
    """Assert that a class takes the same arguments in the same order, with the same defaults."""
    ours = {
        key: parameter.default
        for key, parameter in inspect.signature(cls).parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    theirs = recorded(registry, name)
    assert list(ours)[: len(theirs)] == list(theirs)
    for key, default in theirs.items():
        if default is not NOT_LITERAL:
            assert ours[key] == default or (isinstance(default, list) and list(ours[key]) == default), key
