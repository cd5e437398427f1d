"""Configs that the pretrain command makes."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.apis import open_model
from mmpretrain.apis.pretraining import ARCHS, METHODS, pretraining_config
from mmpretrain.config import Config
from mmpretrain.config.validate import validate
from mmpretrain.engine.runner import Runner
from mmpretrain.errors import ConfigError
from mmpretrain.models.init import has_pretrained
from mmpretrain.registry import MODELS
from tests.models.selfsup.small import write_images

DATA = {"type": "CustomDataset", "data_prefix": ".", "with_label": False}


def sizes_of(method: str) -> list[int]:
    return [64, 224] if METHODS[method].multiple == 32 or method == "itpn" else [32, 224]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("large", [0, 1])
def test_every_method_is_valid_and_builds(method, large):
    cfg = Config(
        pretraining_config(
            method, DATA, image_size=sizes_of(method)[large], init="x.pth" if method == "continued" else None
        )
    )
    assert validate(cfg, files=False) == []
    with torch.device("meta"):
        model = MODELS.build({**cfg.model, "data_preprocessor": cfg.data_preprocessor})
        plain = MODELS.build(cfg.custom_hooks[0].backbone)
    assert has_pretrained(model.backbone.init_cfg) == (method == "continued")
    own, trained = plain.state_dict(), model.backbone.state_dict()
    lacking = {key for key in own if key not in trained or own[key].shape != trained[key].shape}
    assert lacking <= {"ln2.weight", "ln2.bias", "norm3.weight", "norm3.bias"}


@pytest.mark.parametrize("arch", ARCHS)
def test_every_arch_builds(arch):
    methods = [name for name, method in METHODS.items() if ARCHS[arch].family in method.families]
    assert methods
    for name in {methods[0], methods[-1]} - {"continued"}:
        cfg = pretraining_config(name, DATA, arch=arch, image_size=64)
        with torch.device("meta"):
            model = MODELS.build(cfg["model"])
            width = model.backbone(torch.zeros(2, 3, 64, 64))[-1].shape[1] if "vit" not in arch else None
        assert width in (None, ARCHS[arch].channels) or ARCHS[arch].family == "mixmim"


def smallest(method, arch):
    """The config for the smallest images that a method accepts."""
    for size in (8, 16, 32, 64):
        try:
            return pretraining_config(method, DATA, arch=arch, image_size=size, init="x.pth")
        except ConfigError:
            continue
    raise AssertionError(f"{method} with {arch} refuses 64")


@pytest.mark.filterwarnings("error:Initializing zero-element tensors")
@pytest.mark.parametrize("method", METHODS)
def test_the_smallest_images_that_are_accepted_leave_something_to_see_and_to_hide(method):
    archs = {network.family: name for name, network in reversed(ARCHS.items())}
    for family in [family for family in METHODS[method].families if family in archs]:
        with torch.device("meta"):
            MODELS.build(smallest(method, archs[family])["model"])


def edges(cfg):
    """Edges of the crops of a config, large and small."""
    views = cfg["train_dataloader"]["dataset"]["pipeline"][1]
    return [view[0]["scale"] for view in views["transforms"]]


@pytest.mark.parametrize("method", ["swav", "dino"])
@pytest.mark.parametrize("size", [8, 16, 40, 64, 96, 144])
def test_networks_take_the_crops_of_each_size_that_is_accepted(method, size):
    archs = {network.family: name for name, network in reversed(ARCHS.items())}
    for family in [family for family in METHODS[method].families if family in archs]:
        try:
            cfg = pretraining_config(method, DATA, arch=archs[family], image_size=size, init="x.pth")
        except ConfigError:
            continue
        with torch.device("meta"):
            backbone = MODELS.build({**cfg["model"]["backbone"], "init_cfg": None}).eval()
            for edge in edges(cfg):
                assert all(0 not in out.shape for out in backbone(torch.zeros(2, 3, edge, edge)))


@pytest.mark.parametrize("size", [8, 24, 40, 56, 64, 72, 120, 128, 224])
@pytest.mark.parametrize("method", ["mae", "mff", "maskfeat", "ijepa"])
def test_patches_fit_images_of_each_size(method, size):
    """Also those of an odd edge, such as 5 of images of 40 pixels."""
    model = pretraining_config(method, DATA, arch="vit-micro", image_size=size)["model"]
    edge = model["backbone"]["patch_size"]
    assert size % edge == 0
    if method == "maskfeat":
        hog, cells = model["target_generator"], model["neck"]["out_channels"] // 27
        assert hog["grid"] == size // edge
        assert hog["pool"] ** 2 * cells == edge**2


@pytest.mark.parametrize("method", ["mae", "dino", "ijepa", "maskfeat", "mocov3"])
def test_trains_and_leaves_a_backbone(method, tmp_path):
    data = {**DATA, "data_prefix": str(write_images(tmp_path / "images"))}
    content = pretraining_config(
        method, data, arch="vit-micro", image_size=32, batch_size=4, epochs=1, workers=0
    )
    runner = Runner.from_cfg(Config({**content, "work_dir": str(tmp_path / "run")}))
    runner.train()
    model = open_model(tmp_path / "run" / "backbone.pth", device="cpu")
    assert type(model.backbone).__name__ == "VisionTransformer"
    assert model._config.image_size == 32
    trained = runner.bare_model.backbone.state_dict()
    for key, value in model.backbone.state_dict().items():
        if not key.startswith("ln2"):
            assert torch.equal(value, trained[key]), key
    assert model.extract_feat(torch.rand(2, 3, 32, 32))[-1].shape == (2, 96)
    again = MODELS.build(
        {
            **content["custom_hooks"][0]["backbone"],
            "init_cfg": {
                "type": "Pretrained",
                "checkpoint": str(tmp_path / "run" / "backbone.pth"),
                "prefix": "backbone.",
            },
        }
    )
    again.init_weights()
    assert torch.equal(again.layers[0].attn.proj.weight, trained["layers.0.attn.proj.weight"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "mea"}, "no method 'mea'.*mae"),
        ({"arch": "resnet17"}, "no arch 'resnet17'"),
        ({"arch": "resnet18"}, "mae cannot train resnet18"),
        ({"image_size": 33}, "multiple of 8"),
        ({"image_size": 136}, "multiple of 16 .*got 136.* Try 128"),
        ({"method": "simclr", "arch": "convnext-atto", "image_size": 8}, "from 16 on"),
        ({"method": "spark", "image_size": 32}, "from 64 on"),
        ({"method": "mixmim", "image_size": 32}, "from 64 on"),
        ({"method": "itpn", "image_size": 16}, "from 32 on"),
        ({"method": "mae", "arch": "hivit-tiny", "image_size": 16}, "from 32 on"),
        ({"method": "simmim", "image_size": 48}, "multiple of 32"),
        ({"method": "continued"}, "--from"),
    ],
)
def test_what_it_refuses(settings, message):
    with pytest.raises(ConfigError, match=f"(?s){message}"):
        pretraining_config(**{"method": "mae", "dataset": DATA, **settings})
