"""Continued pre-training, against a formula worked out here."""

from __future__ import annotations

import copy

import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import MODELS

ARCH = {"embed_dims": 32, "num_layers": 2, "num_heads": 4, "feedforward_channels": 64}
MODEL = {
    "type": "ContinuedPretraining",
    "backbone": {
        "type": "VisionTransformer",
        "arch": ARCH,
        "img_size": 32,
        "patch_size": 8,
        "out_type": "featmap",
    },
    "neck": {"type": "FeaturePredictor", "in_channels": 32, "hid_channels": 16},
    "head": {"type": "MIMHead", "loss": {"type": "CosineSimilarityLoss", "shift_factor": 1.0}},
    "mask_size": 8,
    "global_weight": 0.5,
}
RESNET = {"type": "ResNet", "depth": 18, "stem_channels": 8, "base_channels": 8}


def model_of(**changes):
    torch.manual_seed(0)
    model = MODELS.build({**copy.deepcopy(MODEL), **changes})
    model.init_weights()
    model.teacher.set_max_iters(10)
    return model


def cosine(a, b):
    return (a * b).sum(-1) / (a.norm(dim=-1) * b.norm(dim=-1))


def test_losses_by_hand(monkeypatch):
    model = model_of()
    crops = [torch.randn(2, 3, 32, 32) for _ in range(2)]
    masks = [model.draw_mask(crop) for crop in crops]
    drawn = iter(masks)
    monkeypatch.setattr(model, "draw_mask", lambda crop: next(drawn))
    losses = model(crops, mode="loss")

    def features(images):
        return model.backbone(images)[-1].flatten(2).transpose(1, 2)

    patch, whole = [], []
    for i in range(2):
        hidden = masks[i][:, 0, ::8, ::8].flatten(1)  # a square is a patch
        assert set(hidden.sum(1).tolist()) == {8}
        seen = features(crops[i] * (1 - masks[i]))
        target, other = features(crops[i]), features(crops[1 - i]).mean(1)
        target = (target - target.mean(-1, keepdim=True)) / (
            target.var(-1, unbiased=False, keepdim=True) + 1e-5
        ).sqrt()
        patch.append(((1 - cosine(model.neck(seen), target)) * hidden).sum() / hidden.sum())
        whole.append((1 - cosine(model.neck(seen.mean(1)), other)).mean())
    torch.testing.assert_close(losses["patch_loss"], (patch[0] + patch[1]) / 2)
    torch.testing.assert_close(losses["global_loss"], 0.5 * (whole[0] + whole[1]) / 2)


def test_teacher_begins_with_the_loaded_weights(tmp_path):
    source = model_of()
    with torch.no_grad():
        for parameter in source.backbone.parameters():
            parameter.add_(0.1)
    path = tmp_path / "backbone.pth"
    torch.save({"state_dict": {f"backbone.{k}": v for k, v in source.backbone.state_dict().items()}}, path)
    init = {"type": "Pretrained", "checkpoint": str(path), "prefix": "backbone."}
    model = model_of(backbone={**MODEL["backbone"], "init_cfg": init})
    model([torch.randn(2, 3, 32, 32)] * 2, mode="loss")
    for key, value in model.teacher.module.state_dict().items():
        torch.testing.assert_close(value, source.backbone.state_dict()[key])


@pytest.mark.parametrize(
    ("backbone", "channels"),
    [(RESNET, 64), ({**MODEL["backbone"], "out_type": "raw"}, 32)],
)
def test_other_backbones(backbone, channels):
    neck = {"type": "FeaturePredictor", "in_channels": channels, "hid_channels": 16}
    model = model_of(backbone=backbone, neck=neck)
    losses = model([torch.randn(4, 3, 64, 64) for _ in range(2)], mode="loss")
    assert all(torch.isfinite(value) for value in losses.values())
    sum(losses.values()).backward()
    assert all(p.grad is None for p in model.teacher.parameters())


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"mask_ratio": 1.0}, "mask_ratio"),
        ({"mask_ratio": 0}, "mask_ratio"),
        ({"mask_size": 0}, "mask_size"),
    ],
)
def test_settings(changes, match):
    with pytest.raises(ConfigError, match=match):
        model_of(**changes)


def test_what_it_cannot_train():
    with pytest.raises(ConfigError, match="map"):
        model_of(backbone={**MODEL["backbone"], "out_type": "cls_token"})(
            [torch.randn(2, 3, 32, 32)] * 2, mode="loss"
        )
    with pytest.raises(DataError, match="2 views"):
        model_of()(torch.randn(2, 3, 32, 32), mode="loss")
    with pytest.raises(ConfigError, match="leaves none"):
        model_of(mask_size=64)([torch.randn(2, 3, 32, 32)] * 2, mode="loss")
