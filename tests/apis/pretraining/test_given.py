"""Tests of :mod:`mmpretrain.apis.pretraining.given`: the network is that of the weights."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.apis.pretraining import pretraining_config
from mmpretrain.apis.pretraining.given import network_to_train
from mmpretrain.checkpoints.fitting import load_into
from mmpretrain.config import Config
from mmpretrain.errors import ConfigError, MissingFileError
from mmpretrain.registry import MODELS

DATA = {"type": "CustomDataset", "data_prefix": ".", "with_label": False}
VIT = {"embed_dims": 64, "num_layers": 2, "num_heads": 1, "feedforward_channels": 128}
SMALL = {"depths": [1, 1, 1, 1], "channels": [8, 16, 24, 32]}

#: Type and arguments of a backbone, methods that train it, and the size of images.
BACKBONES = [
    ("VisionTransformer", {"arch": VIT, "img_size": 56, "patch_size": 14, "layer_scale_init_value": 1e-5,
                           "num_registers": 2}, ("continued", "simclr", "dino", "mocov3"), 56),
    ("VisionTransformer", {"arch": VIT, "img_size": 56, "patch_size": 14}, ("mae", "ijepa", "maskfeat"), 56),
    ("DINOv3ViT", {"arch": {**VIT, "ffn_type": "swiglu"}, "img_size": 64}, ("continued",), 64),
    ("ResNet", {"depth": 18}, ("continued", "simclr", "spark"), 64),
    ("ConvNeXt", {"arch": SMALL}, ("continued", "byol", "spark"), 64),
    ("SwinTransformer", {"arch": {"embed_dims": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2]},
                         "img_size": 64, "window_size": 2}, ("continued", "simmim", "densecl"), 64),
    ("HiViT", {"arch": {"embed_dims": 128, "depths": [1, 2, 3], "num_heads": 2}, "img_size": 64,
               "norm_cfg": {"type": "LN", "eps": 1e-6}}, ("continued", "mae", "itpn", "densecl"), 64),
    ("MixMIMTransformer", {"arch": {"embed_dims": 8, "depths": [1, 1, 2, 1], "num_heads": [1, 1, 2, 2]},
                           "img_size": 64, "window_size": [4, 4, 2, 2]}, ("mixmim",), 64),
]  # fmt: skip

#: What a method does not have, or has fixed.
LACKING = {("ijepa", "cls_token"), ("ijepa", "pos_embed")}


def saved(kind, settings, path, meta=None):
    torch.manual_seed(0)
    weights = {key: torch.randn_like(value) if value.is_floating_point() else value
               for key, value in MODELS.build({"type": kind, **settings}).state_dict().items()}  # fmt: skip
    torch.save({"state_dict": {f"backbone.{k}": v for k, v in weights.items()}, "meta": meta or {}}, path)
    return weights


@pytest.mark.parametrize(("kind", "settings", "methods", "size"), BACKBONES)
def test_all_weights_are_taken_by_the_method_and_by_what_it_leaves(kind, settings, methods, size, tmp_path):
    path = str(tmp_path / "weights.pth")
    weights = saved(kind, settings, path)
    network = network_to_train(path, None, size)
    for method in methods:
        cfg = pretraining_config(method, DATA, image_size=size, init=path, network=network)
        model = MODELS.build(cfg["model"])
        model.init_weights()
        trained = model.backbone.state_dict()
        for key, value in weights.items():
            if (
                key.endswith("relative_position_index")
                or (method, key) in LACKING
                or (method == "spark" and key.startswith("norm3"))
            ):
                continue
            assert torch.equal(trained[key], value), (method, key)
        plain = MODELS.build(cfg["custom_hooks"][0]["backbone"])
        report = load_into(plain, trained)
        assert not set(report.mismatched) | {k for k in report.missing if not k.startswith(("ln2", "norm3"))}


def test_the_config_in_a_checkpoint_knows_more_than_shapes(tmp_path):
    arch = {**VIT, "num_heads": 4}
    model = {"type": "MAE", "backbone": {"type": "MAEViT", "arch": arch, "img_size": 32, "patch_size": 8}}
    path = str(tmp_path / "epoch_1.pth")
    saved(
        "MAEViT",
        {"arch": arch, "img_size": 32, "patch_size": 8},
        path,
        {"cfg": Config({"model": model}).pretty_text},
    )
    network = network_to_train(path, None, 32)
    assert network.settings == {"type": "VisionTransformer", "arch": arch, "patch_size": 8}
    cfg = pretraining_config("continued", DATA, image_size=32, init=path, network=network)
    assert MODELS.build(cfg["model"]).backbone.layers[0].attn.num_heads == 4


def test_what_does_not_fit(tmp_path):
    resnet, other = str(tmp_path / "resnet.pth"), str(tmp_path / "other.pth")
    saved("ResNet", {"depth": 18}, resnet)
    saved("LeNet5", {}, other)
    assert network_to_train(resnet, "resnet18", 32).settings["depth"] == 18
    with pytest.raises(
        ConfigError, match=r"the weights of a ResNet of depth 18 with 512 channels, not of res"
    ):
        network_to_train(resnet, "resnet34", 32)
    with pytest.raises(ConfigError, match=r"does not say which network .*Name it with --arch: resnet18, "):
        network_to_train(other, None, 32)
    assert network_to_train(other, "vit-tiny", 32) is None
    with pytest.raises(MissingFileError):
        network_to_train(str(tmp_path / "no.pth"), None, 32)
    with pytest.raises(ConfigError, match=r"dino cannot train .*resnet.pth"):
        pretraining_config("dino", DATA, init=resnet, network=network_to_train(resnet, None, 224))
    vit = str(tmp_path / "vit.pth")
    saved("VisionTransformer", {"arch": VIT, "img_size": 56, "patch_size": 14}, vit)
    registers = str(tmp_path / "registers.pth")
    saved("VisionTransformer", {"arch": VIT, "img_size": 56, "patch_size": 14, "num_registers": 2}, registers)
    with pytest.raises(
        ConfigError, match=r"mae cannot go on from .*its MAEViT has no num_registers.*continued"
    ):
        pretraining_config(
            "mae", DATA, image_size=56, init=registers, network=network_to_train(registers, None, 56)
        )
    with pytest.raises(ConfigError, match=r"multiple of 14 .*got 64"):
        pretraining_config("mae", DATA, image_size=64, init=vit, network=network_to_train(vit, None, 64))
