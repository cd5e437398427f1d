"""What the options of ``train`` and ``test`` change in a config."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mmpretrain.errors import ConfigError

if TYPE_CHECKING:
    from mmpretrain.config import Config

LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")


def set_loader_defaults(cfg: Config, *, pin_memory: bool = True, persistent_workers: bool = True) -> None:
    """Fill in what the old tools added to every data loader: pinned memory, lasting workers, the collate."""
    for name in LOADERS:
        loader = cfg.get(name)
        if loader is None:
            continue
        loader.setdefault("pin_memory", True)
        loader.setdefault("persistent_workers", True)
        loader.setdefault("collate_fn", {"type": "default_collate"})
        if not pin_memory:
            loader["pin_memory"] = False
        if not persistent_workers:
            loader["persistent_workers"] = False


def skip_unreadable(cfg: Config, splits: Sequence[str]) -> None:
    """Leave out images that cannot be read, instead of stopping."""
    from mmpretrain.config.wrapped import plain_datasets

    for split in splits:
        loader = cfg.get(f"{split}_dataloader")
        for dataset in plain_datasets(loader["dataset"]) if loader else ():
            dataset["on_error"] = "skip"


def set_cache(cfg: Config, where: str, size: str | None, splits: Sequence[str]) -> None:
    """Keep decoded images in memory or on the disk."""
    from mmpretrain.config.wrapped import plain_datasets

    for split in splits:
        loader = cfg.get(f"{split}_dataloader")
        for dataset in plain_datasets(loader["dataset"]) if loader else ():
            dataset["cache"] = where
            if size is not None:
                dataset["cache_size"] = size


def tune_loader(cfg: Config) -> None:
    """Let the training loader find its own settings."""
    if cfg.get("train_dataloader") is not None:
        cfg["train_dataloader"]["tune"] = "auto"


def enable_amp(cfg: Config) -> None:
    """Train in mixed precision with dynamic loss scaling."""
    wrapper = cfg.optim_wrapper
    kind = wrapper.get("type", "OptimWrapper")
    if kind not in ("OptimWrapper", "AmpOptimWrapper"):
        raise ConfigError(
            f"--amp replaces an OptimWrapper, but optim_wrapper.type is {kind!r}",
            where=str(wrapper.source("type") or "") or None,
            hint="Leave out --amp, or use an OptimWrapper.",
        )
    wrapper["type"] = "AmpOptimWrapper"
    wrapper.setdefault("loss_scale", "dynamic")


def disable_validation(cfg: Config) -> None:
    """Train without validation, and without hooks that need its results."""
    for name in ("val_cfg", "val_dataloader", "val_evaluator"):
        cfg[name] = None
    hooks = cfg.get("default_hooks") or {}
    cfg["custom_hooks"] = [hook for hook in cfg.get("custom_hooks") or [] if not _stops_early(hook)]
    for name, hook in hooks.items():
        if _stops_early(hook):
            hooks[name] = None
    for hook in (*hooks.values(), *cfg["custom_hooks"]):
        if isinstance(hook, dict):
            hook.pop("save_best", None)


def _stops_early(hook: Any) -> bool:
    return isinstance(hook, dict) and hook.get("type") == "EarlyStoppingHook"


def set_resume(cfg: Config, resume: str | None) -> None:
    """Continue with a run: ``'auto'`` means its latest checkpoint, anything else is a checkpoint's path."""
    if resume is None:
        return
    from mmpretrain.config.source import Source

    source = Source("--resume")
    cfg.merge_from_dict({"resume": True, "load_from": None if resume == "auto" else resume}, source=source)


def enable_auto_scale_lr(cfg: Config) -> None:
    """Scale the learning rate with the real batch size."""
    setting: Any = cfg.get("auto_scale_lr")
    if not setting or "base_batch_size" not in setting:
        raise ConfigError(
            "--auto-scale-lr needs the batch size that the learning rate was chosen for",
            hint="Add to the config: auto_scale_lr = dict(base_batch_size=256)",
        )
    setting["enable"] = True


def use_data(cfg: Config, spec: str, *, fit: bool = True) -> None:
    """Train, validate and test on other data, with the config's pipelines.

    The head gets as many classes as the training data have, unless the model is not to be fitted to them.
    """
    from mmpretrain.apis.prepare import split_pipeline
    from mmpretrain.config.source import Source
    from mmpretrain.config.wrapped import innermost
    from mmpretrain.datasets import exchange

    exchange.use_data(cfg, spec, source=Source("--data"), fit=fit)
    for name in LOADERS:
        if cfg.get(name) is not None:
            dataset = innermost(cfg[name]["dataset"])
            loading, steps = split_pipeline(cfg, dataset["pipeline"])
            dataset["pipeline"] = [loading, *steps]


def enable_tta(cfg: Config) -> None:
    """Test with the config's test-time augmentation."""
    from mmpretrain.config.wrapped import innermost, plain_datasets

    if cfg.get("tta_model") is None:
        cfg.tta_model = {"type": "mmpretrain.AverageClsScoreTTA"}
    if cfg.get("tta_pipeline") is None:
        pipeline = list(innermost(cfg.test_dataloader.dataset).pipeline)
        flips = [{"type": "RandomFlip", "prob": 0.0}, {"type": "RandomFlip", "prob": 1.0}]
        packing = pipeline.pop()
        pipeline.append({"type": "TestTimeAug", "transforms": [flips, [packing]]})
        cfg.tta_pipeline = pipeline
    cfg.model = {**cfg.tta_model, "module": cfg.model}
    for dataset in plain_datasets(cfg.test_dataloader.dataset):
        dataset.pipeline = cfg.tta_pipeline
