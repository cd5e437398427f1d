"""Learning rates and weight decays of parameter groups that differ from what the config suggests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmpretrain.config.checks.effects import kind_of, schedulers
from mmpretrain.config.checks.problem import Problem, problem

#: Options of ``paramwise_cfg`` for kinds of parameters, by the multiplier that an entry of custom_keys has.
_BY_KIND = {
    "decay_mult": (
        "norm_decay_mult", "bias_decay_mult", "flat_decay_mult", "dwconv_decay_mult",
    ),
    "lr_mult": ("bias_lr_mult", "dcn_offset_lr_mult"),
}  # fmt: skip


def check_groups(cfg: Mapping[str, Any]) -> Iterator[Problem]:
    """Find minima above the rate of a group, and entries of custom_keys that cancel other options."""
    wrapper = cfg.get("optim_wrapper")
    if not isinstance(wrapper, Mapping):
        return
    paramwise = wrapper.get("paramwise_cfg")
    paramwise = paramwise if isinstance(paramwise, Mapping) else {}
    custom = paramwise.get("custom_keys")
    custom = custom if isinstance(custom, Mapping) else {}
    yield from _cancelled(cfg, paramwise, custom)
    optimizer = wrapper.get("optimizer")
    rate = optimizer.get("lr") if isinstance(optimizer, Mapping) else None
    if isinstance(rate, (int, float)):
        yield from _minima(cfg, float(rate), _multipliers(paramwise, custom))


def _cancelled(
    cfg: Mapping[str, Any], paramwise: Mapping[str, Any], custom: Mapping[Any, Any]
) -> Iterator[Problem]:
    for own, options in _BY_KIND.items():
        set_here = [name for name in options if paramwise.get(name) not in (None, 1, 1.0)]
        entries = [
            str(key) for key, value in custom.items() if isinstance(value, Mapping) and own not in value
        ]
        if set_here and entries:
            values = " and ".join(f"{name}={paramwise[name]}" for name in set_here)
            yield problem(
                cfg,
                f"optim_wrapper.paramwise_cfg.custom_keys.{entries[0]}",
                f"{values} does not hold for parameters that custom_keys {', '.join(map(repr, entries))} "
                f"match: without {own}, an entry stands for {own}=1",
                f"Add {own} to the entry, or entries for these parameters with a longer name.",
            )


def _multipliers(paramwise: Mapping[str, Any], custom: Mapping[Any, Any]) -> dict[str, float]:
    """What learning rates are multiplied with, by the option that says it."""
    found = {"the optimizer": 1.0}
    for key, value in custom.items():
        if isinstance(value, Mapping) and isinstance(value.get("lr_mult"), (int, float)):
            found[f"custom_keys {key!r}"] = float(value["lr_mult"])
    bias = paramwise.get("bias_lr_mult")
    if isinstance(bias, (int, float)):
        found["bias_lr_mult"] = float(bias)
    return found


def _minima(cfg: Mapping[str, Any], rate: float, multipliers: Mapping[str, float]) -> Iterator[Problem]:
    for path, item in schedulers(cfg):
        minimum = item.get("eta_min")
        if not isinstance(minimum, (int, float)) or not kind_of(item).endswith("LR"):
            continue
        above = {name: rate * factor for name, factor in multipliers.items() if rate * factor < minimum}
        if above:
            name, lowest = min(above.items(), key=lambda entry: entry[1])
            whose = "the learning rate" if name == "the optimizer" else f"that of {name}"
            yield problem(
                cfg,
                f"{path}.eta_min",
                f"eta_min={minimum} is absolute: {whose} ({lowest:g}) rises to it",
                "eta_min_ratio is relative to the rate of each group.",
            )
