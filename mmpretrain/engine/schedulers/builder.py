"""From ``param_scheduler`` in a config to schedulers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmpretrain.engine.schedulers.base import ParamScheduler
from mmpretrain.errors import ConfigError, located
from mmpretrain.registry import PARAM_SCHEDULERS, blamed, check_arguments, locate, resolve_type
from mmpretrain.utils.brief import brief


def build_param_schedulers(
    cfg: Any,
    optimizer: Any,
    *,
    max_epochs: int | None = None,
    max_iters: int | None = None,
    epoch_length: int | None = None,
) -> list[ParamScheduler] | dict[str, list[ParamScheduler]]:
    """Build the schedulers of an optimizer.

    Args:
        cfg: One config, a list of them, schedulers that are built already, or None. With several optimizers,
            it can be a dict from the name of each to such a value; otherwise all have the same.
        optimizer: The optimizer, its wrapper, or a dict of wrappers.
        max_epochs: Where schedulers end that count epochs and do not say where.
        max_iters: Where schedulers end that count iterations and do not say where.
        epoch_length: Number of iterations in an epoch, for ``convert_to_iter_based``.

    Returns:
        A list, or for several optimizers a dict of lists.
    """
    lengths = {"max_epochs": max_epochs, "max_iters": max_iters, "epoch_length": epoch_length}
    if hasattr(optimizer, "optim_wrappers"):
        each = isinstance(cfg, Mapping) and "type" not in cfg
        return {
            name: _build_list(cfg.get(name) if each else cfg, wrapper, lengths)
            for name, wrapper in optimizer.items()
        }
    return _build_list(cfg, optimizer, lengths)


def _build_list(cfg: Any, optimizer: Any, lengths: dict[str, int | None]) -> list[ParamScheduler]:
    if cfg is None:
        return []
    items = cfg if isinstance(cfg, Sequence) and not isinstance(cfg, str) else [cfg]
    return [_build_one(item, optimizer, **lengths) for item in items]


def _build_one(
    cfg: Any,
    optimizer: Any,
    max_epochs: int | None,
    max_iters: int | None,
    epoch_length: int | None,
) -> ParamScheduler:
    if not isinstance(cfg, Mapping):
        if not hasattr(cfg, "step") or not hasattr(cfg, "by_epoch"):
            raise ConfigError(f"A scheduler is a dict with a 'type', got {brief(cfg)}")
        return cfg
    last = max_epochs if cfg.get("by_epoch", True) else max_iters
    defaults: dict[str, Any] = {"optimizer": optimizer}
    if last is not None:
        defaults["end"] = last
    if not cfg.get("convert_to_iter_based", False):
        kept = cfg.copy()  # type: ignore[attr-defined]
        kept.pop("convert_to_iter_based", None)
        return PARAM_SCHEDULERS.build(kept, default_args=defaults)
    if epoch_length is None:
        raise ConfigError(
            f"{cfg.get('type')} has convert_to_iter_based=True, which needs a training loop over epochs",
            hint="Give its begin and end in iterations, with by_epoch=False.",
        )
    kind = resolve_type(cfg.get("type"), PARAM_SCHEDULERS, where=locate(cfg))
    if not hasattr(kind, "build_iter_from_epoch"):
        raise ConfigError(f"{brief(cfg['type'])} is no scheduler", where=locate(cfg, "type"), key="type")
    args = {**defaults, **cfg}
    for key in ("type", "convert_to_iter_based", "_scope_"):
        args.pop(key, None)
    check_arguments(kind, args, cfg=cfg)
    with located(locate(cfg, "type")), blamed(kind, args, cfg):
        return kind.build_iter_from_epoch(**args, epoch_length=epoch_length)
