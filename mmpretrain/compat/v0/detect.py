"""Is this a 0.x config?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from mmpretrain.config.node import ConfigDict
from mmpretrain.config.tracked import raw, sources_of
from mmpretrain.utils.resources import resource_root

#: Keys that only 0.x configs have, with the keys of the dicts that they hold; empty: any value will do.
_MARKS: dict[str, set[str]] = {
    "data": {
        "samples_per_gpu", "workers_per_gpu", "train", "val", "test",
        "train_dataloader", "val_dataloader", "test_dataloader",
    },
    "lr_config": {"policy", "step", "warmup", "min_lr", "by_epoch"},
    "momentum_config": {"policy"},
    "optimizer_config": set(),
    "runner": {"type", "max_epochs", "max_iters"},
    "total_epochs": set(),
    "total_iters": set(),
    "evaluation": {"interval", "metric", "metric_options", "save_best", "start"},
    "checkpoint_config": set(),
    "log_config": {"interval", "hooks"},
    "workflow": set(),
    "resume_from": set(),
    "dist_params": set(),
    "fp16": {"loss_scale"},
}  # fmt: skip
#: Keys that are settings of 0.x in a config that has others of it, and may be variables elsewhere.
_COMPANIONS = {
    "optimizer", "sampler", "seed", "deterministic", "cudnn_benchmark", "mp_start_method",
    "opencv_num_threads", "gpu_ids", "auto_resume",
}  # fmt: skip


def is_old_key(key: str) -> bool:
    """Whether a dotted key would be one of 0.x, in a config that is."""
    head = key.partition(".")[0]
    return head in _MARKS or head in _COMPANIONS


def is_old(cfg: Mapping[str, Any]) -> bool:
    """Whether a config has keys of 0.x.

    Configs of the zoo are written for 1.x. Some have keys left from before, which have never had an effect in
    1.x, and which therefore do not count.
    """
    for key, expected in _MARKS.items():
        if key in cfg and not _of_the_zoo(cfg, key):
            value = raw(cfg, key)
            if not expected or (isinstance(value, Mapping) and expected & value.keys()):
                return True
    return _old_optimizer(cfg) or _old_augments(cfg)


def _of_the_zoo(node: Mapping[str, Any], key: str) -> bool:
    source = sources_of(node).get(key)
    return source is not None and source.file.startswith(str(resource_root() / "configs") + os.sep)


def _old_optimizer(cfg: Mapping[str, Any]) -> bool:
    """Whether ``optimizer`` is a setting of 0.x, not a variable that ``optim_wrapper`` is made of."""
    optimizer = cfg.get("optimizer")
    if not isinstance(optimizer, ConfigDict) or _of_the_zoo(cfg, "optimizer"):
        return False
    wrapper = cfg.get("optim_wrapper")
    if not isinstance(wrapper, ConfigDict):
        return "lr" in optimizer
    if wrapper.get("optimizer") == optimizer:
        return False
    mine = {source.file for source in sources_of(optimizer).values()}
    theirs = sources_of(wrapper).get("optimizer")
    return theirs is not None and theirs.file not in mine


def _old_augments(cfg: Mapping[str, Any]) -> bool:
    model = cfg.get("model")
    train_cfg = model.get("train_cfg") if isinstance(model, ConfigDict) else None
    if not isinstance(train_cfg, ConfigDict) or _of_the_zoo(train_cfg, "augments"):
        return False
    augments = train_cfg.get("augments")
    items = augments if isinstance(augments, (list, tuple)) else [augments]
    return any(isinstance(item, Mapping) and str(item.get("type", "")).startswith("Batch") for item in items)
