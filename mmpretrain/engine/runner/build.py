"""Building the parts of a run from its config."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from mmpretrain.engine.hooks.progress_bar import ProgressBarHook
from mmpretrain.engine.runner.hook_list import DEFAULT_HOOKS
from mmpretrain.engine.runner.loops import BaseLoop
from mmpretrain.engine.runner.plan import RunPlan
from mmpretrain.errors import ConfigError
from mmpretrain.evaluation import BaseMetric
from mmpretrain.registry import EVALUATORS, LOOPS, MODELS, STRATEGIES, VISUALIZERS, locate
from mmpretrain.utils.brief import brief
from mmpretrain.utils.dist import get_world_size, is_main_process
from mmpretrain.utils.logging import one_line_an_epoch

if TYPE_CHECKING:
    from mmpretrain.engine.runner.runner import Runner


def name_experiment(name: str | None, cfg: object, timestamp: str) -> str:
    """Return the experiment's name: the given one, or that of the config file, with the time."""
    filename = getattr(cfg, "filename", None)
    if name is None and filename:
        name = Path(filename).stem
    return f"{name}_{timestamp}" if name else timestamp


def make_folder(path: str, where: str | None) -> None:
    """Make the folder of a run; ``where`` says what asks for it."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The work folder cannot be made: {error.strerror}: {error.filename!r}",
            where=where,
            hint="Choose another with work_dir or --work-dir.",
        ) from error


def build_model(cfg: object) -> nn.Module:
    """Return the model.

    Raises:
        ConfigError: If it is no module.
    """
    model = MODELS.build(cfg)
    if not isinstance(model, nn.Module):
        raise ConfigError(
            f"The model must be a torch.nn.Module, got {brief(model)}", where=locate(cfg, "type"), key="model"
        )
    return model


def build_strategy(plan: RunPlan, device: torch.device) -> Any:
    """Return the strategy: that of the config, or the default for the number of processes."""
    options = dict(plan.strategy)
    if "type" not in options:
        options["type"] = "DDPStrategy" if get_world_size() > 1 else "SingleDeviceStrategy"
    if options["type"] == "DDPStrategy":
        options = {**plan.wrapper, **options}
    return STRATEGIES.build(options, default_args={"device": device, "channels_last": plan.channels_last})


def build_train_loop(cfg: Any, runner: Runner, dataloader: Any) -> BaseLoop:
    """Return the training loop; without a ``type``, ``by_epoch`` says which one."""
    if isinstance(cfg, BaseLoop):
        return cfg
    cfg = cfg.copy()
    by_epoch = cfg.pop("by_epoch", None)
    if "type" not in cfg:
        if by_epoch is None:
            by_epoch = "max_iters" not in cfg
        cfg["type"] = "EpochBasedTrainLoop" if by_epoch else "IterBasedTrainLoop"
    elif by_epoch is not None:
        raise ConfigError(
            "train_cfg has both 'type' and 'by_epoch', which say the same thing", hint="Remove one."
        )
    return LOOPS.build(cfg, default_args={"runner": runner, "dataloader": dataloader})


def build_eval_loop(cfg: Any, runner: Runner, mode: str, dataloader: Any, evaluator: Any) -> BaseLoop:
    """Return the validation or test loop."""
    if isinstance(cfg, BaseLoop):
        return cfg
    kind = "ValLoop" if mode == "val" else "TestLoop"
    defaults = {"type": kind, "runner": runner, "dataloader": dataloader, "evaluator": evaluator}
    return LOOPS.build(cfg, default_args=defaults)


def build_evaluator(cfg: object) -> Any:
    """Return an evaluator from its config, or from its metrics or their configs."""
    if isinstance(cfg, Mapping) and "metrics" in cfg:
        return EVALUATORS.build(cfg, default_args={"type": "Evaluator"})
    if isinstance(cfg, (Mapping, list, tuple, BaseMetric)):
        return EVALUATORS.build({"type": "Evaluator", "metrics": cfg})
    return cfg


def build_visualizer(cfg: object, name: str, save_dir: str) -> Any:
    """Return the visualizer; without a config, one that writes to the log folder."""
    if cfg is None:
        cfg = {"type": "Visualizer", "vis_backends": [{"type": "LocalVisBackend"}]}
    if not isinstance(cfg, Mapping):
        return cfg
    return VISUALIZERS.build(cfg, default_args={"name": name, "save_dir": save_dir})


def announce_length(model: nn.Module, max_iters: int) -> None:
    """Tell modules whose momentum depends on the length of the run, such as CosineEMA, how long it is."""
    for module in model.modules():
        set_max_iters: Any = getattr(module, "set_max_iters", None)
        if set_max_iters is not None:
            set_max_iters(max_iters)


def init_weights(runner: Runner) -> None:
    """Initialise the weights of a model that can do so, the same in all processes."""
    model: Any = runner.bare_model
    if hasattr(model, "init_weights"):
        with runner.strategy.initialising(model):
            model.init_weights()
    runner.strategy.after_init(runner.model)


def default_hooks(changes: Mapping[str, Any] | None) -> list[Any]:
    """Return the hooks that every run has, with changes by name; None leaves one out."""
    hooks = [hook for hook in {**DEFAULT_HOOKS, **(changes or {})}.values() if hook is not None]
    return [*hooks, ProgressBarHook()] if one_line_an_epoch() and is_main_process() else hooks
