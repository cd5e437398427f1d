"""Low-rank adaptation: what is replaced, trained, saved and loaded."""

from __future__ import annotations

import copy
import zlib

import numpy as np
import pytest
import torch
from torch import nn

from mmpretrain.checkpoints.fitting import load_into
from mmpretrain.errors import ConfigError
from mmpretrain.models import LoRAModel
from mmpretrain.models.base import BaseModule
from mmpretrain.registry import MODELS


class Block(BaseModule):
    def __init__(self):
        super().__init__()
        self.qkv, self.proj, self.norm = nn.Linear(4, 6), nn.Linear(6, 4), nn.LayerNorm(4)

    def forward(self, x):
        return self.norm(self.proj(self.qkv(x)))


class Net(BaseModule):
    """A tiny model."""

    width = 4

    def __init__(self):
        super().__init__()
        self.blocks, self.head = nn.Sequential(Block(), Block()), nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.blocks(x))


ADDED = [
    "module.blocks.0.qkv.lora_down.weight",
    "module.blocks.0.qkv.lora_up.weight",
    "module.blocks.1.qkv.lora_down.weight",
    "module.blocks.1.qkv.lora_up.weight",
    "module.blocks.1.proj.lora_down.weight",
    "module.blocks.1.proj.lora_up.weight",
]

X = torch.arange(8.0).reshape(2, 4) / 4


def lora(**kwargs) -> LoRAModel:
    targets = [{"type": ".*qkv"}, {"type": "1.proj", "rank": 1, "alpha": 3}]
    return LoRAModel(**{"module": Net(), "alpha": 4, "rank": 2, "targets": targets, **kwargs})


def test_numbers_of_the_reference_environment():
    """The same model with the same weights there (mmpretrain 1.2) gave these scores."""
    model = lora()
    for name, parameter in model.named_parameters():
        r = np.random.RandomState(zlib.crc32(name.encode()) % 2**31)
        parameter.data.copy_(torch.tensor(r.randn(*parameter.shape), dtype=torch.float32) * 0.5)
    expected = [
        [0.9540915489196777, -0.08768537640571594, 0.17949843406677246],
        [0.9541598558425903, -0.0878307968378067, 0.17692238092422485],
    ]
    torch.testing.assert_close(model(X), torch.tensor(expected), atol=1e-6, rtol=1e-5)


def test_starts_as_the_original_and_trains_additions_only():
    net = Net()
    model = lora(module=copy.deepcopy(net))
    for ours, theirs in zip(model.state_dict().values(), net.parameters()):
        assert ours is not theirs
    net.load_state_dict({k.replace("original_layer.", ""): v for k, v in full_state(model).items()})
    torch.testing.assert_close(model(X), net(X))
    assert [name for name, p in model.named_parameters() if p.requires_grad] == ADDED
    model(X).sum().backward()
    assert all((p.grad is not None) == p.requires_grad for p in model.parameters())


def full_state(model: LoRAModel) -> dict[str, torch.Tensor]:
    named = dict(model.module.named_parameters())
    return {name: value for name, value in named.items() if ".lora_" not in name}


def test_state_dict_has_additions_only():
    model, other = lora(), lora()
    assert list(model.state_dict()) == ADDED
    other.load_state_dict(model.state_dict())  # strict
    with pytest.raises(RuntimeError, match="Missing key"):
        other.load_state_dict({})


def test_inside_another_model():
    """Only the part below is reduced and lenient; upstream dropped and forgave the head, too."""

    def build():
        return nn.ModuleDict({"backbone": lora(), "fc": nn.Linear(3, 2)})

    model, other = build(), build()
    state = model.state_dict()
    assert list(state) == [*(f"backbone.{name}" for name in ADDED), "fc.weight", "fc.bias"]
    other.load_state_dict(state)
    assert torch.equal(other["fc"].weight, model["fc"].weight)
    del state["fc.weight"]
    with pytest.raises(RuntimeError, match=r"fc\.weight"):
        other.load_state_dict(state)


@pytest.mark.parametrize("inside", [False, True])
def test_the_runner_resumes_it(inside):
    """Loading as the runner does it: strictly, without ``module.`` of a distributed wrapper."""
    model, other = (nn.ModuleDict({"backbone": lora()}) if inside else lora() for _ in range(2))
    for name, parameter in model.named_parameters():
        parameter.data += "lora" in name
    report = load_into(other, model.state_dict(), strict=True)
    assert report.loaded == list(model.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), other.state_dict().values()))


def test_attributes_are_those_of_the_model():
    model = lora()
    assert model.width == 4
    assert isinstance(model.head, nn.Linear)
    with pytest.raises(AttributeError, match="nothing"):
        _ = model.nothing
    assert copy.deepcopy(model).width == 4


def test_errors():
    with pytest.raises(ConfigError, match="needs targets"):
        lora(targets=[])
    with pytest.raises(ConfigError, match=r"No linear layer matches targets \['qvk'\]. Did you mean 'qkv'"):
        lora(targets=[{"type": "qvk"}])
    with pytest.raises(ConfigError, match="rank of at least 1"):
        lora(rank=0)


def test_around_a_whole_classifier():
    """A run gives the preprocessor of the config to the outermost model."""
    arch = {"embed_dims": 16, "num_layers": 2, "num_heads": 2, "feedforward_channels": 32}
    classifier = dict(
        type="ImageClassifier",
        backbone=dict(type="VisionTransformer", arch=arch, img_size=32, patch_size=8),
        head=dict(type="VisionTransformerClsHead", num_classes=3, in_channels=16),
    )
    options = dict(type="LoRAModel", rank=2, targets=[dict(type="qkv")], module=classifier)
    model = MODELS.build({**options, "data_preprocessor": dict(mean=[1.0] * 3, std=[2.0] * 3, num_classes=3)})
    assert model.data_preprocessor.mean.flatten().tolist() == [1.0] * 3
    own = {**classifier, "data_preprocessor": dict(mean=[5.0] * 3, std=[2.0] * 3)}
    model = MODELS.build({**options, "module": own, "data_preprocessor": dict(mean=[1.0] * 3, std=[2.0] * 3)})
    assert model.data_preprocessor.mean.flatten().tolist() == [5.0] * 3, "the inner one counts"
    assert model.predict(torch.zeros(1, 3, 32, 32))[0].pred_score.shape == (3,)
