"""Test-time augmentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mmpretrain.config.wrapped import plain_datasets
from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS, MODELS, RUNNERS

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session


@HOOKS.register_module()
class PrepareTTAHook(Hook):
    """Wraps the model in one that merges the predictions of several views of an image.

    Args:
        tta_cfg: Config of that model; its ``module`` is the trained one.
    """

    def __init__(self, tta_cfg: Mapping[str, Any]) -> None:
        self.tta_cfg = tta_cfg

    def before_test(self, runner: Session) -> None:
        runner.model = MODELS.build(self.tta_cfg, default_args={"module": runner.model})


def build_runner_with_tta(cfg: Any) -> Any:
    """Build a runner whose test loop uses ``tta_model`` and ``tta_pipeline`` of the config."""
    for key in ("tta_model", "tta_pipeline"):
        if key not in cfg:
            raise ConfigError(f"Test-time augmentation needs {key!r} in the config")
    for dataset in plain_datasets(cfg["test_dataloader"]["dataset"]):
        dataset["pipeline"] = cfg["tta_pipeline"]
    runner = RUNNERS.build(cfg)
    runner.register_hook(PrepareTTAHook(tta_cfg=cfg["tta_model"]))
    return runner
