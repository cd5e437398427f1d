"""The well-known sections: the types of their values, misspelled names, and what belongs together."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from mmpretrain.config.checks.problem import Problem, problem
from mmpretrain.config.tracked import raw, raw_items
from mmpretrain.utils.brief import brief
from mmpretrain.utils.suggest import did_you_mean

SPLITS = ("train", "val", "test")

#: Types that the value of a key may have, besides None.
_TYPES: dict[str, tuple[type, ...]] = {
    "model": (dict,),
    "data_preprocessor": (dict,),
    **{f"{split}_dataloader": (dict,) for split in SPLITS},
    **{f"{split}_cfg": (dict,) for split in SPLITS},
    "val_evaluator": (dict, list, tuple),
    "test_evaluator": (dict, list, tuple),
    "optim_wrapper": (dict,),
    "param_scheduler": (dict, list, tuple),
    "default_hooks": (dict,),
    "custom_hooks": (list, tuple),
    "env_cfg": (dict,),
    "visualizer": (dict,),
    "log_processor": (dict,),
    "randomness": (dict,),
    "auto_scale_lr": (dict,),
    "custom_imports": (dict, list, tuple, str),
    "launcher": (str,),
    "log_level": (str, int),
    "work_dir": (str,),
    "experiment_name": (str,),
    "load_from": (str,),
    "resume": (bool, str),
    "default_scope": (str,),
    "tta_model": (dict,),
    "tta_pipeline": (list, tuple),
    "train_cfg.by_epoch": (bool,),
    "train_cfg.max_epochs": (int,),
    "train_cfg.max_iters": (int,),
    "train_cfg.val_interval": (int,),
    "train_cfg.val_begin": (int,),
    **{f"{split}_dataloader.batch_size": (int,) for split in SPLITS},
    **{f"{split}_dataloader.num_workers": (int,) for split in SPLITS},
    **{f"{split}_dataloader.pin_memory": (bool,) for split in SPLITS},
    **{f"{split}_dataloader.persistent_workers": (bool,) for split in SPLITS},
    "optim_wrapper.accumulative_counts": (int,),
    "optim_wrapper.clip_grad": (dict,),
    "optim_wrapper.paramwise_cfg": (dict,),
    "randomness.seed": (int,),
    "randomness.deterministic": (bool,),
    "env_cfg.cudnn_benchmark": (bool,),
    "env_cfg.tf32": (bool,),
    "env_cfg.keep_freed_memory": (bool,),
    "env_cfg.mp_cfg": (dict,),
    "env_cfg.mp_cfg.mp_start_method": (str,),
    "env_cfg.mp_cfg.opencv_num_threads": (int,),
    "env_cfg.resource_limit": (int,),
    "env_cfg.dist_cfg.backend": (str,),
    "env_cfg.dist_cfg": (dict,),
    "auto_scale_lr.base_batch_size": (int,),
    "auto_scale_lr.enable": (bool,),
    "compile": (bool, dict),
    "channels_last": (bool,),
    "activation_checkpointing": (str, list, tuple, dict),
    "strategy": (dict,),
    "device": (str,),
}
#: Keys of sections that name no type.
_KEYS: dict[str, set[str]] = {
    "randomness": {"seed", "deterministic", "diff_rank_seed"},
    "auto_scale_lr": {"base_batch_size", "enable"},
    "custom_imports": {"imports", "allow_failed_imports"},
    "env_cfg": {"cudnn_benchmark", "tf32", "mp_cfg", "dist_cfg", "resource_limit", "keep_freed_memory"},
    "env_cfg.mp_cfg": {"mp_start_method", "opencv_num_threads"},
    **{
        f"{split}_dataloader": {
            "dataset", "batch_size", "num_workers", "sampler", "batch_sampler", "collate_fn", "shuffle",
            "pin_memory", "pin_memory_device", "drop_last", "timeout", "worker_init_fn", "prefetch_factor",
            "persistent_workers", "multiprocessing_context", "generator", "in_order", "num_batch_per_epoch",
            "disable_subprocess_warning", "tune",
        }
        for split in SPLITS
    },
}  # fmt: skip
#: More processes than that make no loader faster, and take a machine down.
_MOST_WORKERS = 1024
_POSITIVE = {
    "batch_size",
    "max_epochs",
    "max_iters",
    "val_interval",
    "accumulative_counts",
    "base_batch_size",
}


def check_types(cfg: Mapping[str, Any]) -> Iterator[Problem]:
    """Check the types of the values in well-known sections."""
    for path, types in _TYPES.items():
        value = _at(cfg, path)
        if value is None:
            continue
        wrong = not isinstance(value, types) or (isinstance(value, bool) and bool not in types)
        if wrong:
            names = " or ".join(kind.__name__ for kind in types)
            yield problem(cfg, path, f"{path} must be {names}, got {type(value).__name__} {brief(value)}")
        elif path.endswith(".num_workers") and isinstance(value, int) and value > _MOST_WORKERS:
            yield problem(
                cfg, path, f"{path} must be at most {_MOST_WORKERS}: each is a process, got {brief(value)}"
            )
        elif path.rpartition(".")[2] in _POSITIVE and isinstance(value, int) and value < 1:
            yield problem(cfg, path, f"{path} must be at least 1, got {value}")


def check_keys(cfg: Mapping[str, Any]) -> Iterator[Problem]:
    """Check for keys that are never read."""
    for path, known in _KEYS.items():
        section = _at(cfg, path)
        for key in section if isinstance(section, Mapping) else ():
            if key not in known:
                yield problem(
                    cfg, f"{path}.{key}", f"{path} has no setting {key!r}", did_you_mean(key, known)
                )
    names = [path for path in _TYPES if "." not in path]
    for key, value in raw_items(cfg):
        if key in names or not isinstance(value, (dict, list, tuple)):
            continue
        close = difflib.get_close_matches(key, names, n=1, cutoff=0.9)
        # A variable of a similar name is in use somewhere; a misspelled section is not.
        if close and not _is_used(value, (item for other, item in raw_items(cfg) if other != key)):
            yield problem(
                cfg, key, f"A config has no key {key!r}; nothing reads it", f"Did you mean {close[0]!r}?"
            )


def check_companions(cfg: Mapping[str, Any]) -> Iterator[Problem]:
    """Check that the parts of training, validation and testing come together."""
    for keys in (
        ("train_dataloader", "train_cfg", "optim_wrapper"),
        ("val_dataloader", "val_cfg", "val_evaluator"),
        ("test_dataloader", "test_cfg", "test_evaluator"),
    ):
        missing = [key for key in keys if cfg.get(key) is None]
        # An evaluator that is explicitly None says that the data are for predictions only.
        if len(missing) in (0, len(keys)) or (keys[1:] == (*missing,) and keys[2] in cfg):
            continue
        present = [key for key in keys if key not in missing]
        yield problem(
            cfg,
            present[0],
            f"{' and '.join(present)} need{'s' if len(present) == 1 else ''} {' and '.join(missing)} too",
            f"Add {missing[0]}, or set {' and '.join(present)} to None.",
        )
    train = cfg.get("train_cfg")
    if isinstance(train, Mapping) and "type" not in train:
        by_epoch = train.get("by_epoch", "max_iters" not in train)
        needed, other = ("max_epochs", "max_iters") if by_epoch else ("max_iters", "max_epochs")
        if train.get(needed) is None:
            yield problem(cfg, "train_cfg", f"train_cfg with by_epoch={by_epoch} needs {needed}")
        elif train.get(other) is not None:
            yield problem(cfg, f"train_cfg.{other}", f"train_cfg has {needed} and {other}; choose one")


def _is_used(value: Any, others: Any) -> bool:
    for other in others:
        if other == value:
            return True
        if isinstance(other, Mapping) and _is_used(value, [item for _, item in raw_items(other)]):
            return True
        if isinstance(other, (list, tuple)) and _is_used(value, other):
            return True
    return False


def _at(cfg: Any, path: str) -> Any:
    for key in path.split("."):
        if not isinstance(cfg, Mapping) or key not in cfg:
            return None
        cfg = raw(cfg, key)
    return cfg
