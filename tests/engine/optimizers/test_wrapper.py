"""Tests of :mod:`mmpretrain.engine.optimizers.wrapper`."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from mmpretrain.engine.optimizers import (
    AmpOptimWrapper,
    OptimWrapper,
)
from mmpretrain.errors import ConfigError
from mmpretrain.registry import OPTIM_WRAPPERS
from tests.engine.optimizers.building import wrap
from tests.engine.optimizers.optim_cases import (
    TinyNet,
    batch,
    train,
)


def test_a_step_is_seen_by_whoever_looks():
    """The short way around torch's wrapper is taken only when no one waits for its calls."""
    model = TinyNet()
    wrapper, seen = wrap(model), []
    handles = [
        wrapper.optimizer.register_step_pre_hook(lambda *_: seen.append("before")),
        wrapper.optimizer.register_step_post_hook(lambda *_: seen.append("after")),
        register_optimizer_step_post_hook(lambda *_: seen.append("everywhere")),
    ]
    wrapper.update_params(model(torch.ones(2, 3, 4, 4)).sum())
    assert seen == ["before", "after", "everywhere"]
    for handle in handles:
        handle.remove()
    with torch.profiler.profile() as profile:
        wrapper.update_params(model(torch.ones(2, 3, 4, 4)).sum())
    assert "Optimizer.step#SGD.step" in {event.key for event in profile.key_averages()}
    wrapper.optimizer.step = lambda: seen.append("patched")
    wrapper.update_params(model(torch.ones(2, 3, 4, 4)).sum())
    assert seen[3:] == ["patched"]


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW, torch.optim.NAdam])
def test_a_step_without_the_wrappers_of_torch_is_the_same(kind):
    ours, theirs = TinyNet(), TinyNet()
    theirs.load_state_dict(ours.state_dict())
    wrapper, optimizer = OptimWrapper(kind(ours.parameters(), lr=0.1)), kind(theirs.parameters(), lr=0.1)
    for _ in range(3):
        wrapper.update_params(ours(torch.ones(2, 3, 4, 4)).square().sum())
        theirs(torch.ones(2, 3, 4, 4)).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    for mine, other in zip(ours.parameters(), theirs.parameters()):
        assert torch.equal(mine, other)
    assert torch.is_grad_enabled()


def test_gradients_are_recorded_again_after_a_step_that_fails():
    wrapper = OptimWrapper(torch.optim.SGD(TinyNet().parameters(), lr=0.1))
    wrapper.optimizer.param_groups[0].pop("momentum")
    with pytest.raises(KeyError, match="momentum"):
        wrapper.step()
    assert torch.is_grad_enabled()


def test_remaining_iterations_lead_to_a_step():
    model = TinyNet()
    wrapper = wrap(model, accumulative_counts=3)
    steps = []
    wrapper.optimizer.register_step_post_hook(lambda *_: steps.append(wrapper.inner_count))
    train(wrapper, model, 5)
    assert steps == [3, 5]


def test_resuming_in_the_middle_of_accumulation_is_exact():
    whole, first = TinyNet(), TinyNet()
    one, two = wrap(whole, accumulative_counts=3), wrap(first, accumulative_counts=3)

    def go(wrapper, model, begin, end):
        wrapper.initialize_count_status(model, begin, 6)
        for step in range(begin, end):
            images, labels = batch(step)
            wrapper.update_params(nn.functional.cross_entropy(model(images), labels))

    go(one, whole, 0, 6)
    go(two, first, 0, 4)
    second = TinyNet()
    second.load_state_dict(first.state_dict())
    three = wrap(second, accumulative_counts=3)
    three.load_state_dict(two.state_dict())
    go(three, second, 4, 6)
    assert all(torch.equal(a, b) for a, b in zip(whole.state_dict().values(), second.state_dict().values()))


def test_lost_gradients_are_reported(caplog):
    model = TinyNet()
    wrap(model, accumulative_counts=3).initialize_count_status(model, 4, 6)
    assert "middle of accumulating" in caplog.text
    assert "BatchNorm" in caplog.text


def test_no_sync_while_gradients_accumulate():
    class Distributed(TinyNet):
        entered = 0

        def no_sync(self):
            self.entered += 1
            return torch.enable_grad()

    model = Distributed()
    train(wrap(model, accumulative_counts=2), model, 5)
    assert model.entered == 2


def test_grad_norm_for_the_log():
    model = TinyNet()
    wrapper = wrap(model, clip_grad={"max_norm": 0.1})
    train(wrapper, model, 1)
    assert wrapper.log_vars["grad_norm"] > 0.1
    assert wrap(model).log_vars == {}


@pytest.mark.parametrize(
    ("cfg", "message"),
    [
        ({"accumulative_counts": 0}, "positive int"),
        ({"clip_grad": {"type": "cut", "max_norm": 1}}, "'norm' or 'value'"),
        ({"clip_grad": {}}, "clip_grad is empty"),
        ({"type": "AmpOptimWrapper", "dtype": "float8"}, "dtype must be one of"),
        ({"constructor": "NoSuchConstructor"}, "not a registered"),
        (
            {"paramwise_cfg": {"custom_keys": {"a": {"decay_mult": 1}}}, "optimizer": {"type": "Adam"}},
            "weight decay",
        ),
        ({"paramwise_cfg": {"norm_decay_mult": 1}, "optimizer": {"type": "SGD", "lr": 1.0}}, "weight decay"),
    ],
)
def test_wrong_settings(cfg, message):
    with pytest.raises(ConfigError, match=message):
        wrap(TinyNet(), **cfg)


def test_old_class_names():
    assert issubclass(AmpOptimWrapper, OptimWrapper)
    assert OPTIM_WRAPPERS.get("mmengine.OptimWrapper") is OptimWrapper
