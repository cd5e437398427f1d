"""From the config of a run to its parts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mmpretrain.engine.runner.loops import BaseLoop
from mmpretrain.errors import ConfigError
from mmpretrain.evaluation import BaseMetric
from mmpretrain.registry import EVALUATORS, LOOPS, STRATEGIES, VISUALIZERS
from mmpretrain.utils.dist import get_world_size


def check_complete(mode: str, dataloader: Any, cfg: Any, third: Any, last: str = "") -> None:
    """Complain if only some of the three things that a mode needs are there."""
    given = {f"{mode}_dataloader": dataloader, f"{mode}_cfg": cfg, last or f"{mode}_evaluator": third}
    absent = [name for name, value in given.items() if value is None]
    if absent and len(absent) < len(given):
        raise ConfigError(
            f"{' and '.join(absent)} missing: {', '.join(given)} go together",
            hint=f"Set all three, or set all three to None to do without {mode}.",
        )


def name_experiment(name: str | None, cfg: Any, timestamp: str) -> str:
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


def build_strategy(cfg: Mapping[str, Any], device: torch.device) -> Any:
    """Return where the model lives: by ``strategy`` in the config, else by the number of processes."""
    options = (cfg.get("strategy") or {}).copy()
    if "type" not in options:
        options["type"] = "DDPStrategy" if get_world_size() > 1 else "SingleDeviceStrategy"
    if options["type"] == "DDPStrategy":
        for key in ("model_wrapper_cfg", "sync_bn", "find_unused_parameters", "static_graph"):
            if cfg.get(key) is not None:
                options.setdefault(key.removesuffix("_cfg"), cfg[key])
    defaults = {"device": device, "channels_last": bool(cfg.get("channels_last", False))}
    return STRATEGIES.build(options, default_args=defaults)


def build_train_loop(cfg: Any, runner: Any, dataloader: Any) -> BaseLoop:
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


def build_eval_loop(cfg: Any, runner: Any, mode: str, dataloader: Any, evaluator: Any) -> BaseLoop:
    """Return the validation or test loop."""
    if isinstance(cfg, BaseLoop):
        return cfg
    kind = "ValLoop" if mode == "val" else "TestLoop"
    defaults = {"type": kind, "runner": runner, "dataloader": dataloader, "evaluator": evaluator}
    return LOOPS.build(cfg, default_args=defaults)


def build_evaluator(cfg: Any) -> Any:
    """Return an evaluator from its config, or from its metrics or their configs."""
    if isinstance(cfg, Mapping) and "metrics" in cfg:
        return EVALUATORS.build(cfg, default_args={"type": "Evaluator"})
    if isinstance(cfg, (Mapping, list, tuple, BaseMetric)):
        return EVALUATORS.build({"type": "Evaluator", "metrics": cfg})
    return cfg


def build_visualizer(cfg: Any, name: str, save_dir: str) -> Any:
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
