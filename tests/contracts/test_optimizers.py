"""What every optimizer, wrapper and scheduler must do, over the registries."""

from __future__ import annotations

import inspect
import io

import pytest
import torch
from torch import nn

from mmpretrain.engine.optimizers import OptimWrapper, build_optim_wrapper
from mmpretrain.engine.schedulers import ParamScheduler, build_param_schedulers
from mmpretrain.registry import OPTIM_WRAPPERS, OPTIMIZERS, PARAM_SCHEDULERS

#: Names that stand for no optimizer of this package: the base class, and those of other packages.
OTHERS = {"Optimizer", "Adafactor", "DAdaptAdaGrad", "DAdaptAdam", "DAdaptSGD", "SophiaG"}
#: Optimizers that need something special: a closure, sparse gradients, a process group.
SPECIAL = {"LBFGS", "SparseAdam", "ZeroRedundancyOptimizer"}

OPTIMIZER_NAMES = [
    name
    for name in OPTIMIZERS
    if inspect.isclass(OPTIMIZERS.get(name)) and name not in OTHERS | SPECIAL
]  # fmt: skip
SCHEDULER_NAMES = [name for name in PARAM_SCHEDULERS if PARAM_SCHEDULERS.get(name) is not None]
WRAPPER_NAMES = ["OptimWrapper", "AmpOptimWrapper", "DeepSpeedOptimWrapper"]

#: Arguments of curves that cannot do without.
ARGUMENTS: dict[str, dict] = {
    "CosineRestart": {"periods": [2, 2], "restart_weights": [1, 1]},
    "Exponential": {"gamma": 0.9},
    "MultiStep": {"milestones": [1, 3]},
    "Step": {"step_size": 2},
    "ReduceOnPlateau": {"monitor": "loss", "patience": 0},
    "OneCycle": {"eta_max": 0.1},
    "Legacy": {"policy": "poly", "power": 0.9, "convert_to_iter_based": True},
}


def make(name, wrapper="OptimWrapper", paramwise=None):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4, bias=False), nn.Tanh(), nn.Linear(4, 2, bias=False))
    cfg = {"type": wrapper, "optimizer": {"type": name, "lr": 0.01}}
    return model, build_optim_wrapper(model, {**cfg, "paramwise_cfg": paramwise} if paramwise else cfg)


def step(model, wrapper, index):
    inputs = torch.linspace(-1, 1, 12).view(4, 3) * (index + 1)
    with wrapper.optim_context(model):
        loss = (model(inputs) - 1).square().mean()
    wrapper.update_params(loss)


@pytest.mark.parametrize("name", OPTIMIZER_NAMES)
def test_optimizers_change_parameters_and_resume(name):
    paramwise = {"custom_keys": {"2": {"lr_mult": 0.5}}}
    model, wrapper = make(name, paramwise=paramwise)
    before = [param.clone() for param in model.parameters()]
    step(model, wrapper, 0)
    assert all(not torch.equal(a, b) for a, b in zip(before, model.parameters()))
    assert all(param.grad is None for param in model.parameters())
    buffer = io.BytesIO()
    torch.save([wrapper.state_dict(), model.state_dict()], buffer)
    step(model, wrapper, 1)
    buffer.seek(0)
    other, resumed = make(name, paramwise=paramwise)
    states = torch.load(buffer, weights_only=True)
    resumed.load_state_dict(states[0])
    other.load_state_dict(states[1])
    step(other, resumed, 1)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters()))


@pytest.mark.parametrize("name", WRAPPER_NAMES)
def test_wrappers_have_one_interface(name):
    model, wrapper = make("SGD", wrapper=name)
    assert isinstance(wrapper, OptimWrapper)
    assert type(wrapper) is OPTIM_WRAPPERS.get(name)
    wrapper.initialize_count_status(model, 0, 3)
    for index in range(3):
        step(model, wrapper, index)
    assert wrapper.inner_count == 3
    assert wrapper.get_lr() == {"lr": [0.01]}
    assert wrapper.get_momentum() == {"momentum": [0]}
    assert name in repr(wrapper)


@pytest.mark.parametrize("name", SCHEDULER_NAMES)
def test_schedulers_stay_in_range_and_have_plain_state(name):
    kind = PARAM_SCHEDULERS.get(name)
    assert issubclass(kind, ParamScheduler)
    assert kind.__doc__
    stem = name
    for suffix in ("ParamScheduler", "LR", "Momentum"):
        stem = stem.removesuffix(suffix)
    cfg = {"type": name, **ARGUMENTS.get(stem, {})}
    if name.endswith("ParamScheduler"):
        cfg["param_name"] = "lr"
    torch.manual_seed(0)
    optimizer = {"type": "SGD", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}
    wrapper = build_optim_wrapper(nn.Linear(1, 1), {"optimizer": optimizer})
    (scheduler,) = build_param_schedulers(cfg, wrapper, max_epochs=6, epoch_length=1)
    for _ in range(8):
        scheduler.step()
        if scheduler.need_val_args:
            scheduler.step({"loss": 1.0})
        for value, limit in zip(scheduler.get_last_value(), scheduler.base_values):
            assert 0 <= value <= max(limit, 0.1) + 1e-9
    buffer = io.BytesIO()
    torch.save(scheduler.state_dict(), buffer)
    buffer.seek(0)
    assert torch.load(buffer, weights_only=True) == scheduler.state_dict()
