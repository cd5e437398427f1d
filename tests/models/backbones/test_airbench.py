"""The small network for CIFAR, and the config that trains it in seconds."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

import mmpretrain
from mmpretrain.config import Config
from mmpretrain.engine.optimizers.builder import build_optim_wrapper
from mmpretrain.engine.runner import Runner
from mmpretrain.models.backbones.airbench import AirbenchNet
from mmpretrain.registry import MODELS

CONFIG = Path(mmpretrain.__file__).parents[1] / "configs" / "speedrun" / "cifar10_airbench.py"


def smooth(count: int = 64) -> torch.Tensor:
    """Images whose neighbouring pixels are alike, as in photographs."""
    torch.manual_seed(0)
    return F.interpolate(torch.randn(count, 3, 6, 6), size=32, mode="bilinear")


def test_whitened_patches_are_uncorrelated_and_of_size_one():
    net = AirbenchNet()
    images = smooth()
    net.whiten_patches(images, eps=1e-8)
    with torch.no_grad():
        out = F.conv2d(images, net.whiten.weight).transpose(0, 1).flatten(1)
    assert net.whiten.weight.shape == (24, 3, 2, 2)
    assert torch.equal(net.whiten.weight[:12], -net.whiten.weight[12:])
    moments = out[:12] @ out[:12].T / out.shape[1]
    assert torch.allclose(moments, torch.eye(12), atol=0.02)
    # The first filter is the direction in which the patches vary most: all pixels alike.
    first = F.unfold(images, 2).transpose(1, 2).flatten(0, 1).square().mean(0)
    assert first.std() / first.mean() < 0.5
    assert not net.whiten.weight.requires_grad


def test_groups_begin_by_passing_their_input_on():
    group = AirbenchNet({"widths": (24, 24, 30)}).groups[0]
    x = torch.rand(2, 24, 8, 8)
    assert torch.equal(group.conv1(x), x)
    assert torch.equal(group.conv2(x), x)


def test_shapes_and_archs():
    (out,) = AirbenchNet("95")(torch.rand(2, 3, 32, 32))
    assert out.shape == (2, 384)
    (out,) = AirbenchNet({"widths": (8, 8, 12)}, in_channels=1, patch_size=3)(torch.rand(2, 1, 28, 28))
    assert out.shape == (2, 12)
    model = MODELS.build(Config.fromfile(CONFIG).model)
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(1.97e6, rel=0.002)  # of the paper


def test_rates_are_those_of_the_paper():
    """In its terms: the loss is a sum, the scores are divided by 256, and the last layer has no bias."""
    cfg = Config.fromfile(CONFIG)
    model = MODELS.build(cfg.model)
    groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    of = {
        name: next(g for g in groups if any(p is q for q in g["params"]))
        for name, p in model.named_parameters()
        if p.requires_grad
    }
    batch = cfg.batch_size
    assert of["backbone.whiten.bias"]["lr"] == pytest.approx(0.053 * batch)
    assert of["backbone.groups.1.conv2.weight"]["lr"] == pytest.approx(0.24)
    assert of["head.fc.weight"]["lr"] == pytest.approx(0.67 * batch * (9 / 256) ** 2, rel=0.01)
    assert of["head.fc.bias"]["lr"] == 0
    norm = of["backbone.groups.1.norm2.bias"]
    assert norm["lr"] * norm["weight_decay"] == pytest.approx(2e-6 * batch, rel=0.05)


def test_the_speed_config_learns_the_digits_in_three_epochs(tmp_path):
    """The config with other data, a narrow network and its rate of the biases, and in 32 bit."""
    cfg = Config.fromfile(CONFIG)
    loaders = {}
    for name, split in (("train", "train"), ("val", "val"), ("test", "val")):
        pipeline = [dict(type="Resize", scale=16), dict(type="PackInputs")]
        dataset = dict(_delete_=True, type="Digits", split=split, pipeline=pipeline)
        loaders[f"{name}_dataloader"] = dict(
            batch_size=64, num_workers=0, persistent_workers=False, dataset=dataset
        )
    cfg.merge_from_dict(loaders)
    cfg.merge_from_dict(
        {
            "model.backbone.arch": dict(_delete_=True, widths=(16, 32, 32)),
            "model.backbone.in_channels": 1,
            "model.head.in_channels": 32,
            "data_preprocessor.mean": [78.0],
            "data_preprocessor.std": [96.0],
            "data_preprocessor.batch_transforms": [
                dict(type="RandomCrop", crop_size=16, padding=1, padding_mode="reflect")
            ],
            "train_cfg": dict(max_epochs=3, val_interval=3),
            "param_scheduler.0.end": 3,
            "work_dir": str(tmp_path),
        }
    )
    cfg.optim_wrapper.paramwise_cfg.custom_keys[".bias"]["lr_mult"] = 20.0
    cfg.optim_wrapper.type = "OptimWrapper"  # bfloat16 is slow on most CPUs
    del cfg.optim_wrapper["dtype"]
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.state.metrics["accuracy/top1"] > 95
    cfg.model = {**cfg.tta_model, "module": cfg.model, "flip": False}
    cfg.load_from = str(tmp_path / "epoch_3.pth")
    assert Runner.from_cfg(cfg).test()["accuracy/top1"] > 93


def test_mistakes():
    with pytest.raises(ValueError, match="AirbenchNet has no arch '97'"):
        AirbenchNet("97")
