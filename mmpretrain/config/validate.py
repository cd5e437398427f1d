"""Validating a config before anything is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmpretrain.config.checks.effects import check_effects
from mmpretrain.config.checks.files import check_files
from mmpretrain.config.checks.groups import check_groups
from mmpretrain.config.checks.parts import check_parts
from mmpretrain.config.checks.problem import Problem
from mmpretrain.config.checks.results import check_results
from mmpretrain.config.checks.sections import SPLITS, check_companions, check_keys, check_types
from mmpretrain.config.checks.signatures import check_signatures
from mmpretrain.errors import ConfigError


def validate(cfg: Mapping[str, Any], *, files: bool = True, splits: Sequence[str] = SPLITS) -> list[Problem]:
    """Return everything that is wrong with a config.

    The modules of the components that it names are imported; nothing is built.

    Args:
        cfg: The config.
        files: Look for the files and folders that it names.
        splits: Whose data to look for.
    """
    problems = list(check_types(cfg))
    broken = {item.path for item in problems if "." not in item.path}
    # What has the wrong type as a whole would only confuse the checks of its parts.
    sound = cfg if not broken else _without(cfg, broken)
    for check in (check_keys, check_companions, check_signatures, check_parts, check_results):
        problems += check(sound)
    if files:
        problems += check_files(sound, splits)
    return list(dict.fromkeys(problems))


def remarks(cfg: Mapping[str, Any], epoch_length: int | None = None) -> list[Problem]:
    """Return remarks on settings that are valid but probably not intended.

    Args:
        cfg: A config that is valid.
        epoch_length: Number of training iterations in an epoch, if it is known.
    """
    return [*check_effects(cfg, epoch_length), *check_groups(cfg)]


def require_valid(cfg: Mapping[str, Any], *, files: bool = True, splits: Sequence[str] = SPLITS) -> None:
    """Raise if anything is wrong with a config; see :func:`validate`.

    Raises:
        ConfigError: With all problems, one a line.
    """
    problems = validate(cfg, files=files, splits=splits)
    if len(problems) == 1:
        raise ConfigError(str(problems[0]))
    if problems:
        lines = "".join(f"\n  {item}" for item in problems)
        raise ConfigError(f"{len(problems)} problems in the config:{lines}")


def _without(cfg: Mapping[str, Any], keys: set[str]) -> Mapping[str, Any]:
    rest = cfg.copy()  # type: ignore[attr-defined]
    for key in keys:
        rest.pop(key)
    return rest


__all__ = ["Problem", "remarks", "require_valid", "validate"]
