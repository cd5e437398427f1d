"""Names of weights in the tables of MMEngine and torchvision."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from mmpretrain import checkpoints
from mmpretrain.checkpoints import published, sources
from mmpretrain.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("torchvision://resnet50", "https://download.pytorch.org/models/resnet50-0676ba61.pth"),
        ("modelzoo://resnet18", "https://download.pytorch.org/models/resnet18-f37072fd.pth"),
        (
            "open-mmlab://resnet50_caffe",
            "https://download.openmmlab.com/pretrain/third_party/resnet50_caffe-788b5fa3.pth",
        ),
    ],
)
def test_names(name, address, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(sources, "fetch", lambda text: asked.append(text) or tmp_path)
    assert checkpoints.find(name).path == str(tmp_path)
    assert asked == [address]
    sources.check(name)


def test_torchvision_is_asked_for_other_names(monkeypatch):
    weights = SimpleNamespace(
        __members__={
            "IMAGENET1K_V1": SimpleNamespace(url="https://host/one"),
            "IMAGENET1K_V2": SimpleNamespace(url="https://host/two"),
        }
    )
    models = ModuleType("torchvision.models")
    models.get_model_weights = {"regnet": weights}.__getitem__
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    published._ask_torchvision.cache_clear()
    assert published.address("torchvision://regnet") == "https://host/one"
    assert published.address("torchvision://regnet.imagenet1k_v2") == "https://host/two"
    with pytest.raises(ConfigError, match="no weights are known"):
        published.address("torchvision://regnet.imagenet1k_v3")
    published._ask_torchvision.cache_clear()


@pytest.mark.parametrize(
    "name", ["torchvision://resnet51", "open-mmlab://resnet50_cafe", "mmcls://x", "pavi://x"]
)
def test_names_that_are_not_known(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(ConfigError, match=r"no weights are known under the name .*Write the address"):
        checkpoints.find(name)
