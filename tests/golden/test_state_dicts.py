"""State-dict keys and shapes are public API: 1.x checkpoints load strictly."""

from __future__ import annotations

import pytest
import torch

from . import facts

STATE_DICTS = facts.load("state_dicts")


@pytest.mark.parametrize("name", facts.buildable(list(STATE_DICTS)))
def test_keys_and_shapes(name):
    with torch.device("meta"):
        model = facts.build(name)
    assert {k: list(v.shape) for k, v in model.state_dict().items()} == STATE_DICTS[name]["state_dict"]
    assert sum(p.numel() for p in model.parameters()) == STATE_DICTS[name]["params"]


def test_the_families_are_covered():
    families = {name.partition("/")[0] for name in facts.buildable(list(STATE_DICTS))}
    assert families >= {
        "efficientnet", "lenet", "mobilenet_v2", "regnet", "repvgg", "resnet", "resnext", "seresnet",
        "shufflenet_v2", "vgg", "wrn",
    }  # fmt: skip
