"""By which metrics a checkpoint is the best, and which way each gets better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from mmpretrain.checkpoints.run_folder import Rule
from mmpretrain.errors import ConfigError
from mmpretrain.utils.better import which_is_better


def rules_of(
    save_best: Sequence[str],
    rule: str | Sequence[str | None] | None,
    greater_keys: Sequence[str],
    less_keys: Sequence[str],
) -> dict[str, Rule | None]:
    """Return for each metric whether greater or less is better; None for ``'auto'``, which the run resolves.

    Args:
        save_best: Names of metrics, or ``'auto'`` alone.
        rule: One for all, or one for each; None to go by the name of the metric.
        greater_keys: Names, or parts of them, of metrics of which greater is better.
        less_keys: The same for less.

    Raises:
        ConfigError: If the names or rules contradict each other, or a name does not say which way is better.
    """
    if "auto" in save_best and len(save_best) > 1:
        raise ConfigError("save_best='auto' stands alone; name all metrics, or only 'auto'", key="save_best")
    if len(set(save_best)) != len(save_best):
        raise ConfigError(f"save_best names a metric twice: {save_best}", key="save_best")
    rules = [rule] if rule is None or isinstance(rule, str) else list(rule)
    if len(rules) == 1:
        rules = rules * max(len(save_best), 1)
    if save_best and len(rules) != len(save_best):
        raise ConfigError(
            f"save_best has {len(save_best)} metrics and rule has {len(rules)} entries", key="save_best"
        )
    if unknown := [item for item in rules if item not in ("greater", "less", None)]:
        raise ConfigError(f"rule must be 'greater' or 'less', got {unknown[0]!r}", key="rule")
    given = dict(zip(save_best, cast("list[Rule | None]", rules)))
    return {
        name: own or (None if name == "auto" else which_is_better(name, greater_keys, less_keys))
        for name, own in given.items()
    }
