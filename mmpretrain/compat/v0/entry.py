"""The one way into the translation of 0.x configs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence

from mmpretrain.compat.v0.data import translate_data
from mmpretrain.compat.v0.model import translate_model
from mmpretrain.compat.v0.runtime import (
    translate_environment,
    translate_evaluation,
    translate_hooks,
    translate_logging,
    translate_workflow,
)
from mmpretrain.compat.v0.schedule import translate_optimizer, translate_runner, translate_schedules
from mmpretrain.compat.v0.translation import Translation
from mmpretrain.config.node import ConfigDict
from mmpretrain.errors import ConfigError

#: What is translated one after the other, besides the model.
STEPS: tuple[Callable[[Translation], None], ...] = (
    translate_runner,
    translate_schedules,
    translate_optimizer,
    translate_data,
    translate_evaluation,
    translate_logging,
    translate_hooks,
    translate_workflow,
    translate_environment,
)


def translate(cfg: ConfigDict, said: Collection[str] = ()) -> list[str]:
    """Translate a 0.x config in place.

    Args:
        cfg: A config with 0.x keys; it may have 1.x keys beside them, from its bases for example.
        said: Lines that were logged before, when options had not changed the config yet.

    Returns:
        One line for each key that was translated; they are logged too.

    Raises:
        ConfigError: If something has no counterpart, with its key, its line and what to write instead.
    """
    lines = rewrite(cfg)
    new_lines = [line for line in lines if line not in said]
    if new_lines:
        logging.getLogger("mmpretrain").warning(table(new_lines))
    return lines


def rewrite(cfg: ConfigDict) -> list[str]:
    """Do what :func:`translate` does, and log nothing: for parts of a config that scripts pass."""
    t = Translation(cfg)
    new = "default_scope" not in cfg
    for step in STEPS:
        try:
            step(t)
        except ConfigError as error:
            if not t.lenient:
                raise
            t.lines.append(f"{error.where}: {error.message}: left out, 1.x ignores it")
    translate_model(t)
    if new:
        cfg.assign("default_scope", "mmpretrain", None)
    return t.lines


def table(lines: Sequence[str]) -> str:
    """Return what was translated as one message, with the old keys and the new ones in columns."""
    rows = [line.removeprefix("0.x key ").partition(" -> ") for line in lines]
    width = max(len(old) for old, _, _ in rows)
    return "\n".join(
        [
            "Keys of MMClassification 0.x, and what they are now:",
            *(f"  {a:<{width}}  {b}" for a, _, b in rows),
        ]
    )
