"""Tests of :mod:`mmpretrain.engine.optimizers.torch_optimizers`."""

from __future__ import annotations

import copy
import gzip
import json
import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

from mmpretrain.engine.optimizers import (
    build_optim_wrapper,
)
from mmpretrain.registry import OPTIMIZERS
from tests.engine.optimizers.building import FACTS
from tests.engine.optimizers.optim_cases import (
    WRAPPERS,
    TinyNet,
    batch,
    fingerprint,
    settings,
    train,
)

DATA = Path(__file__).parent / "data"

REFERENCE = json.loads(gzip.decompress((DATA / "reference.json.gz").read_bytes()))


@pytest.mark.parametrize("name", WRAPPERS)
def test_reference_numbers(name):
    model = TinyNet()
    wrapper = build_optim_wrapper(model, copy.deepcopy(WRAPPERS[name]))
    expected = REFERENCE[name]
    assert [settings(group) for group in wrapper.optimizer.param_groups] == expected["groups"]
    assert train(wrapper, model) == pytest.approx(expected["losses"], rel=1e-5)
    assert fingerprint(model) == pytest.approx(expected["fingerprint"], rel=1e-4, abs=1e-5)
    assert wrapper.get_lr() == {key: pytest.approx(value) for key, value in expected["lr"].items()}
    assert wrapper.get_momentum() == expected["momentum"]


def test_every_optimizer_of_the_reference_is_here():
    components = json.loads(gzip.decompress((FACTS / "components.json.gz").read_bytes()))
    for registry in ("mmengine.OPTIMIZERS", "mmpretrain.OPTIMIZERS"):
        for name in components[registry]:
            if name == "Muon" and not hasattr(torch.optim, "Muon"):
                continue
            assert OPTIMIZERS.get(name) is not None, name


@pytest.mark.parametrize(
    "name",
    ["ASGD", "Adadelta", "Adagrad", "Adamax", "NAdam", "RAdam", "Rprop", "TorchAdafactor", "Lion", "Muon"],
)
def test_other_optimizers_reduce_the_loss(name):
    if name == "Muon" and not hasattr(torch.optim, "Muon"):
        pytest.skip("this torch has no Muon")
    # Muon is for matrices only.
    model = nn.Sequential(nn.Flatten(), nn.Linear(75, 4, bias=False)) if name == "Muon" else TinyNet()
    wrapper = build_optim_wrapper(model, {"optimizer": {"type": name, "lr": 0.01}})
    images, labels = batch(0)
    losses = []
    for _ in range(15):
        losses.append(nn.functional.cross_entropy(model(images), labels))
        wrapper.update_params(losses[-1])
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("kind", ["LARS", "Lamb", "Adan", "Lion", "SGD"])
def test_state_survives_saving(kind):
    cfg = {
        "optimizer": {"type": kind, "lr": 0.01, "weight_decay": 0.01},
        "paramwise_cfg": {"norm_decay_mult": 0},
    }
    whole, first = TinyNet(), TinyNet()
    one, two = build_optim_wrapper(whole, cfg), build_optim_wrapper(first, cfg)
    train(one, whole, 3)
    losses = train(one, whole, 3)
    train(two, first, 3)
    second = TinyNet()
    second.load_state_dict(first.state_dict())
    three = build_optim_wrapper(second, cfg)
    three.load_state_dict(pickle.loads(pickle.dumps(two.state_dict())))
    assert train(three, second, 3) == losses
