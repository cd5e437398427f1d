"""Is this a 0.x config?"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from mmpretrain.config.node import ConfigDict
from mmpretrain.config.tracked import raw, sources_of

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

#: Configs of the zoo with keys of 0.x that mean nothing: path below ``configs/`` and SHA-256 of the file.
LEFTOVERS = {
    "_base_/models/resnet50_cutmix.py": "189aecf82ae9ba3c",
    "hornet/hornet-base_8xb64_in1k.py": "8ccf833ccd5795e1",
    "lenet/lenet5_mnist.py": "a73d1047064b335d",
    "vision_transformer/vit-base-p16_4xb544-ipu_in1k.py": "da22f2f219e0e872",
}


def is_old_key(key: str) -> bool:
    """Whether a dotted key would be one of 0.x, in a config that is."""
    head = key.partition(".")[0]
    return head in _MARKS or head in _COMPANIONS


def is_old(cfg: Mapping[str, Any]) -> bool:
    """Whether a config has keys of 0.x.

    Some configs of the zoo have keys left from before, which have never had an effect in 1.x, and which
    therefore do not count.
    """
    for key, expected in _MARKS.items():
        if key in cfg and not _of_the_zoo(cfg, key):
            value = raw(cfg, key)
            if not expected or (isinstance(value, Mapping) and expected & value.keys()):
                return True
    return _old_optimizer(cfg) or _old_augments(cfg)


def _of_the_zoo(node: Mapping[str, Any], key: str) -> bool:
    source = sources_of(node).get(key)
    return source is not None and _is_leftover(source.file)


@lru_cache(maxsize=256)
def _is_leftover(file: str) -> bool:
    """Whether a file is one of :data:`LEFTOVERS`, wherever it is; a changed copy is not."""
    name = os.path.basename(file)
    known = [digest for path, digest in LEFTOVERS.items() if os.path.basename(path) == name]
    if not known or not os.path.isfile(file):
        return False
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16] in known


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
