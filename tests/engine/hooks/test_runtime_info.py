"""Tests of :mod:`mmpretrain.engine.hooks.runtime_info`."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch

from mmpretrain.engine.hooks.runtime_info import RuntimeInfoHook
from mmpretrain.engine.runner.state import MessageHub


def test_a_run_leaves_its_facts_in_the_hub(make_runner):
    runner = make_runner()
    runner.train()
    hub = runner.message_hub
    assert hub.get_info("max_epochs") == 3
    assert hub.get_info("iter") == runner.iter - 1  # that of the last step
    assert len(hub.get_scalar("train/lr").data[0]) == runner.iter
    assert hub.get_info("loop_stage") is None
    assert hub.get_info("dataset_meta") == {"classes": ("left", "right")}
    assert hub.get_scalar("val/acc").current() == runner.state.metrics["acc"]


def test_losses_and_norms_of_gradients_are_noted():
    hub = MessageHub()
    wrapper = SimpleNamespace(log_vars={"grad_norm": torch.tensor(2.5)})
    runner = SimpleNamespace(message_hub=hub, optim_wrapper=wrapper)
    hook = RuntimeInfoHook()
    hook.after_train_iter(runner, 0, outputs={"loss": torch.tensor(0.5), "acc": 1})
    runner.optim_wrapper = object()  # a user's own keeps no such numbers
    hook.after_train_iter(runner, 1, outputs=None)
    assert {name: buffer.current() for name, buffer in hub.log_scalars.items()} == {
        "train/grad_norm": 2.5, "train/loss": 0.5, "train/acc": 1.0,
    }  # fmt: skip


def test_a_metric_that_is_no_number_is_a_fact():
    hub = MessageHub()
    matrix = np.eye(2)
    metrics = {"acc": np.float32(0.5), "one": torch.tensor([3.0]), "matrix": matrix, "names": ["a"]}
    RuntimeInfoHook().after_test_epoch(SimpleNamespace(message_hub=hub), metrics)
    assert set(hub.log_scalars) == {"test/acc", "test/one"}
    assert hub.get_info("test/matrix") is matrix


def test_a_validation_in_training_returns_to_training():
    hub, hook = MessageHub(), RuntimeInfoHook()
    runner = SimpleNamespace(message_hub=hub)
    hub.update_info("loop_stage", "train")
    hook.before_val(runner)
    assert hub.get_info("loop_stage") == "val"
    hook.after_val(runner)
    assert hub.get_info("loop_stage") == "train"
