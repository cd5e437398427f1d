"""How learning rate, momentum and weight decay go over a training, without training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from torch import nn

from mmpretrain.analysis.datasets import build_dataset, loader_of
from mmpretrain.engine.optimizers.builder import build_optim_wrapper
from mmpretrain.engine.schedulers.builder import build_param_schedulers
from mmpretrain.errors import ConfigError
from mmpretrain.utils.progress import track

if TYPE_CHECKING:
    from mmpretrain.config import Config

Parameter = Literal["lr", "momentum", "wd"]
#: What the parameters are called in full.
NAMES: dict[Parameter, str] = {"lr": "Learning Rate", "momentum": "Momentum", "wd": "Weight Decay"}


@dataclass(frozen=True)
class Length:
    """How long a training is.

    Attributes:
        iterations: All of them.
        epoch: Iterations in an epoch; None for a training that counts iterations only.
        samples: Size of the data set, where it matters.
        batch: Images in a batch of all processes together.
    """

    iterations: int
    epoch: int | None
    samples: int | None
    batch: int


def training_length(cfg: Config, dataset_size: int | None = None, gpus: int = 1) -> Length:
    """Return how long the training of a config is.

    Args:
        cfg: The config.
        dataset_size: Number of samples; by default the data set is built to count them.
        gpus: Number of processes.

    Raises:
        ConfigError: If the config trains nothing.
    """
    loop = cfg.get("train_cfg")
    if not isinstance(loop, Mapping) or not cfg.get("optim_wrapper"):
        raise ConfigError(
            "the config trains nothing: it lacks train_cfg or optim_wrapper", where=cfg.filename
        )
    loader = loader_of(cfg, "train")
    batch = loader.get("batch_size") or (loader.get("batch_sampler") or {}).get("batch_size")
    if not isinstance(batch, int) or batch < 1:
        raise ConfigError("train_dataloader has no batch_size", where=cfg.filename, key="batch_size")
    if loop.get("max_epochs") is None or loop.get("by_epoch") is False:
        return Length(_number(loop, "max_iters"), None, dataset_size, batch * gpus)
    if dataset_size is None:
        dataset_size = len(build_dataset(cfg, "train"))
    share = math.ceil(dataset_size / gpus)
    epoch = share // batch if loader.get("drop_last") else math.ceil(share / batch)
    if epoch < 1:
        raise ConfigError(
            f"an epoch of {dataset_size} samples has no batch of {batch * gpus}", where=cfg.filename
        )
    return Length(epoch * _number(loop, "max_epochs"), epoch, dataset_size, batch * gpus)


def _number(loop: Mapping[str, Any], key: str) -> int:
    value = loop.get(key)
    if not isinstance(value, int) or value < 1:
        raise ConfigError(f"train_cfg.{key} must be a positive number, got {value!r}", key=key)
    return value


def curve(cfg: Config, parameter: Parameter, length: Length) -> np.ndarray:
    """Return a parameter's value in each iteration of a training, shape ``(iterations,)``.

    The first group of parameters counts, and what ``paramwise_cfg`` makes of the others does not.

    Raises:
        ConfigError: If the optimizer has no such parameter, or a scheduler waits for metrics.
    """
    wrapper = _wrapper(cfg, length)
    group = wrapper.optimizer.param_groups[0]
    if parameter == "momentum" and "momentum" not in group and "betas" not in group:
        raise ConfigError(
            f"{type(wrapper.optimizer).__name__} has no momentum", key="optim_wrapper.optimizer"
        )
    epochs = None if length.epoch is None else length.iterations // length.epoch
    schedulers: Any = build_param_schedulers(
        cfg.get("param_scheduler"),
        wrapper,
        max_epochs=epochs,
        max_iters=length.iterations,
        epoch_length=length.epoch,
    )
    for scheduler in schedulers:
        if getattr(scheduler, "need_val_args", False):
            raise ConfigError(
                f"{type(scheduler).__name__} goes by the metrics of the run", key="param_scheduler"
            )
    wrapper.optimizer.step()  # schedulers expect one
    values = np.empty(length.iterations)
    for iteration in track(range(length.iterations), "schedule"):
        values[iteration] = _read(group, parameter)
        ends_epoch = length.epoch is not None and (iteration + 1) % length.epoch == 0
        for scheduler in schedulers:
            if not scheduler.by_epoch or ends_epoch:
                scheduler.step()
    return values


def _wrapper(cfg: Config, length: Length) -> Any:
    """Build the optimizer for a model of one parameter."""
    settings = {
        key: value for key, value in cfg.optim_wrapper.items() if key in ("optimizer", "accumulative_counts")
    }
    if "optimizer" not in settings:
        raise ConfigError(
            "optim_wrapper names no optimizer; several optimizers have no single schedule", where=cfg.filename
        )
    wrapper = build_optim_wrapper(nn.Conv2d(1, 1, 1, bias=False), {"type": "OptimWrapper", **settings})
    scaling = cfg.get("auto_scale_lr") or {}
    if scaling.get("enable") and scaling.get("base_batch_size"):
        for group in wrapper.optimizer.param_groups:
            group["lr"] *= length.batch / scaling["base_batch_size"]
    return wrapper


def _read(group: Mapping[str, Any], parameter: Parameter) -> float:
    if parameter == "momentum":
        return group["momentum"] if "momentum" in group else group["betas"][0]
    return group["lr"] if parameter == "lr" else group.get("weight_decay", 0.0)
