"""Changing pipeline, batch augmentation or loss in the course of a run."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmpretrain.engine.hooks.access import unwrap
from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import BATCH_AUGMENTS, BATCH_TRANSFORMS, HOOKS, MODELS, TRANSFORMS

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

logger = logging.getLogger("mmpretrain")


@HOOKS.register_module()
class SwitchRecipeHook(Hook):
    """Switches parts of the training recipe at certain epochs.

    Args:
        schedule: Dicts with the ``action_epoch`` (from 1) at whose start to switch, and at least one of
            ``train_pipeline``, ``batch_augments``, ``batch_transforms`` (both None for none) and ``loss``.

    Example:
        >>> SwitchRecipeHook(schedule=[
        ...     dict(action_epoch=30, batch_augments=dict(augments=dict(type='Mixup', alpha=0.2))),
        ...     dict(action_epoch=60, loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1))])
    """

    priority = "NORMAL"

    def __init__(self, schedule: Sequence[Mapping[str, Any]]) -> None:
        recipes: dict[int, dict[str, Any]] = {}
        for given in schedule:
            recipe = dict(given)
            if "action_epoch" not in recipe:
                raise ConfigError(
                    "SwitchRecipeHook: each item of the schedule needs an 'action_epoch'", key="schedule"
                )
            epoch = recipe.pop("action_epoch")
            if epoch < 1:
                raise ConfigError(
                    f"SwitchRecipeHook: action_epoch counts from 1, got {epoch} in the schedule",
                    key="schedule",
                )
            if epoch in recipes:
                raise ConfigError(f"SwitchRecipeHook: action_epoch {epoch} is there twice", key="schedule")
            if "pipeline" in recipe:
                recipe["train_pipeline"] = recipe.pop("pipeline")
            unknown = set(recipe) - set(_SWITCHES)
            if unknown:
                raise ConfigError(
                    f"SwitchRecipeHook cannot switch {sorted(unknown)[0]!r}",
                    hint=f"It can: {', '.join(_SWITCHES)}.",
                    key="schedule",
                )
            recipes[epoch] = {key: _BUILDERS[key](value) for key, value in recipe.items()}
        self.schedule = dict(sorted(recipes.items()))

    def before_train(self, runner: Session) -> None:
        # A resumed run goes through what happened before.
        for epoch, recipe in self.schedule.items():
            if epoch <= runner.epoch:
                self._switch(runner, recipe, f"as since epoch {epoch}")

    def before_train_epoch(self, runner: Session) -> None:
        epoch = runner.epoch + 1
        if epoch in self.schedule:
            self._switch(runner, self.schedule[epoch], f"at epoch {epoch}")

    def _switch(self, runner: Session, recipe: dict[str, Any], when: str) -> None:
        for key, value in recipe.items():
            _SWITCHES[key](runner, value)
            logger.info("Switched %s %s.", key.replace("_", " "), when)


def _build_pipeline(cfg: Any) -> Any:
    return TRANSFORMS.build({"type": "Compose", "transforms": cfg}) if isinstance(cfg, Sequence) else cfg


def _build_batch_augments(cfg: Any) -> Any:
    return BATCH_AUGMENTS.build({"type": "RandomBatchAugment", **cfg}) if isinstance(cfg, Mapping) else cfg


def _build_batch_transforms(cfg: Any) -> Any:
    return BATCH_TRANSFORMS.build({"type": "BatchTransforms", "transforms": cfg}) if cfg else None


def _switch_pipeline(runner: Session, pipeline: Any) -> None:
    loader = runner.train_loop.dataloader
    _set_pipeline(loader.dataset, pipeline)
    # Workers that persist have a copy of the old pipeline.
    if hasattr(loader, "restart_workers"):
        loader.restart_workers()
    elif getattr(loader, "persistent_workers", False):
        raise ConfigError(
            "SwitchRecipeHook cannot reach the workers of a data loader that was built by hand",
            hint="Build it with persistent_workers=False, or from a config.",
        )


def _set_pipeline(dataset: Any, pipeline: Any) -> None:
    if hasattr(dataset, "pipeline"):
        dataset.pipeline = pipeline
    elif hasattr(dataset, "datasets"):
        for inner in dataset.datasets:
            _set_pipeline(inner, pipeline)
    elif hasattr(dataset, "dataset"):
        _set_pipeline(dataset.dataset, pipeline)
    else:
        raise ConfigError(f"SwitchRecipeHook finds no pipeline in {type(dataset).__name__}", key="schedule")


def _switch_batch_augments(runner: Session, augments: Any) -> None:
    preprocessor = unwrap(runner.model).data_preprocessor
    preprocessor.batch_augments = augments
    if augments is not None:
        preprocessor.to_onehot = True  # mixed labels are one-hot


def _switch_batch_transforms(runner: Session, transforms: Any) -> None:
    preprocessor = unwrap(runner.model).data_preprocessor
    if not hasattr(preprocessor, "batch_transforms"):
        raise ConfigError(
            f"{type(preprocessor).__name__} has no batch_transforms",
            hint="ClsDataPreprocessor and SelfSupDataPreprocessor have them.",
            key="schedule",
        )
    preprocessor.batch_transforms = transforms
    if hasattr(preprocessor, "mix_labels"):
        preprocessor.mix_labels()
    loader = runner.train_loop.dataloader
    if transforms is not None and hasattr(loader, "send_keys"):
        loader.send_keys()


def _switch_loss(runner: Session, loss: Any) -> None:
    model = unwrap(runner.model)
    owner = next((m for m in (model, getattr(model, "head", None)) if hasattr(m, "loss_module")), None)
    if owner is None:
        raise ConfigError(
            f"SwitchRecipeHook finds no loss_module in {type(model).__name__} or its head", key="schedule"
        )
    owner.loss_module = loss


_BUILDERS = {
    "train_pipeline": _build_pipeline,
    "batch_augments": _build_batch_augments,
    "batch_transforms": _build_batch_transforms,
    "loss": MODELS.build,
}
_SWITCHES = {
    "train_pipeline": _switch_pipeline,
    "batch_augments": _switch_batch_augments,
    "batch_transforms": _switch_batch_transforms,
    "loss": _switch_loss,
}
