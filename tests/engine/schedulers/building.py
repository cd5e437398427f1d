"""What the tests of schedulers share."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import torch

from mmpretrain.engine.optimizers import build_optim_wrapper
from mmpretrain.engine.schedulers import build_param_schedulers
from tests.engine.schedulers.scheduler_cases import (
    EPOCH_LENGTH,
    EPOCHS,
)

DATA = Path(__file__).parent / "data"

REFERENCE = json.loads((DATA / "cases.json").read_text())

FACTS = Path(__file__).parents[2] / "facts"


def wrapper_of(optimizer, **extra):
    return build_optim_wrapper(torch.nn.Linear(2, 1), {"optimizer": copy.deepcopy(optimizer), **extra})


def schedulers_of(wrapper, cfg, epochs=EPOCHS, iters=None, length=EPOCH_LENGTH):
    iters = epochs * length if iters is None else iters
    built = build_param_schedulers(cfg, wrapper, max_epochs=epochs, max_iters=iters, epoch_length=length)
    assert isinstance(built, list)
    return built


def point(wrapper, iteration):
    group = wrapper.param_groups[0]
    momentum = group["betas"][0] if "betas" in group else group.get("momentum")
    return [iteration, group["lr"], group.get("weight_decay"), momentum]


def advance(schedulers, iteration, length):
    """What ParamSchedulerHook does after an iteration, and after an epoch."""
    for scheduler in schedulers:
        if not scheduler.by_epoch:
            scheduler.step()
    if (iteration + 1) % length == 0:
        for scheduler in schedulers:
            if scheduler.by_epoch:
                scheduler.step()
