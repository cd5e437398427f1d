"""Merged models give the results of the trained ones."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import mmpretrain
from mmpretrain.analysis.deploy import deployable_parts, merge_lora, reparameterize
from mmpretrain.config import Config
from mmpretrain.errors import CheckpointError, ConfigError

CASES = {
    "RepVGG": dict(type="RepVGG", arch="A0"),
    "MobileOne": dict(type="MobileOne", arch="s0"),
    "RepLKNet": dict(
        type="RepLKNet",
        arch=dict(
            large_kernel_sizes=[7, 7, 7, 5],
            layers=[1, 1, 1, 1],
            channels=[8, 8, 16, 16],
            small_kernel=3,
            dw_ratio=1,
        ),
    ),
    "LeViT": dict(type="LeViT", arch="128s"),
}


def classifier(backbone, **head):
    model = dict(
        type="ImageClassifier",
        backbone=backbone,
        neck=dict(type="GlobalAveragePooling"),
        head=dict(type="LinearClsHead", num_classes=3, **head),
    )
    return Config(dict(model=model, data_preprocessor=dict(num_classes=3)))


def trained(cfg):
    """Build a model whose batch norms have seen data."""
    torch.manual_seed(0)
    model = mmpretrain.init_model(cfg, device="cpu")
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm1d)):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.2, 0.2)
    return model


@pytest.mark.parametrize("family", CASES)
def test_results_stay(family):
    channels = {"RepVGG": 1280, "MobileOne": 1024, "RepLKNet": 16, "LeViT": 384}[family]
    cfg = classifier(dict(CASES[family]), in_channels=channels)
    if family == "LeViT":
        cfg.model.head = dict(type="LeViTClsHead", num_classes=3, in_channels=384)
    model, image = (
        trained(cfg),
        torch.rand(1, 3, 224 if family == "LeViT" else 64, 224 if family == "LeViT" else 64),
    )
    with torch.no_grad():
        expected = model(image)
    assert reparameterize(model, image) < 1e-4
    with torch.no_grad():
        torch.testing.assert_close(model(image), expected, rtol=1e-3, atol=1e-4)
    backbone = model._config.model.backbone
    assert backbone.get("deploy") is True or backbone.get("small_kernel_merged") is True
    again = mmpretrain.init_model(model._config, device="cpu")
    again.load_state_dict(model.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(again(image), expected, rtol=1e-3, atol=1e-4)


def test_models_without_such_a_form():
    model = mmpretrain.get_model("lenet5_digits")
    with pytest.raises(ConfigError, match="no part of this model"):
        reparameterize(model, torch.zeros(1, 1, 32, 32))


def test_results_that_change_are_refused():
    model = trained(classifier(dict(CASES["RepVGG"]), in_channels=1280))
    (_, part), *_ = deployable_parts(model)
    right = part.switch_to_deploy
    part.switch_to_deploy = lambda: (right(), nn.init.zeros_(part.stem.branch_reparam.weight))
    with pytest.raises(CheckpointError, match="other results"):
        reparameterize(model, torch.rand(1, 3, 64, 64))


def lora(whole):
    inner = dict(type="VisionTransformer", arch="deit-tiny", img_size=32, patch_size=16)
    options = dict(alpha=16, rank=4, targets=[dict(type="qkv"), dict(type=".*proj", rank=2)])
    if not whole:
        inner = dict(type="LoRAModel", module=inner, **options)
    cfg = classifier(inner, in_channels=192)
    cfg.model.neck = None
    cfg.model.head = dict(type="VisionTransformerClsHead", num_classes=3, in_channels=192)
    if whole:
        module = {**cfg.model, "data_preprocessor": cfg.pop("data_preprocessor")}
        cfg.model = dict(type="LoRAModel", module=module, **options)
    return cfg


@pytest.mark.parametrize("whole", [False, True])
def test_lora_is_merged(whole):
    torch.manual_seed(0)
    model = mmpretrain.init_model(lora(whole), device="cpu")
    for name, parameter in model.named_parameters():
        if "lora_up" in name:
            nn.init.normal_(parameter, std=0.1)
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        expected = model(image)
    merged = merge_lora(model)
    assert not any("lora" in key or "original" in key for key in merged.state_dict())
    again = mmpretrain.init_model(merged._config, device="cpu")
    again.load_state_dict(merged.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(again(image), expected, rtol=1e-4, atol=1e-5)


def test_models_without_lora():
    with pytest.raises(ConfigError, match="no LoRA"):
        merge_lora(mmpretrain.get_model("lenet5_digits"))
