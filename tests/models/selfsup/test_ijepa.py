"""I-JEPA, against the formula of the paper worked out here."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F

from mmpretrain.errors import ArgumentError, ConfigError
from mmpretrain.registry import MODELS

ARCH = {"embed_dims": 32, "num_layers": 2, "num_heads": 4, "feedforward_channels": 64}
MODEL = {
    "type": "IJEPA",
    "backbone": {"type": "IJEPAViT", "arch": ARCH, "img_size": 48, "patch_size": 8},
    "neck": {
        "type": "IJEPAPredictor",
        "num_patches": 36,
        "embed_dim": 32,
        "predictor_embed_dim": 24,
        "depth": 1,
        "num_heads": 2,
    },
    "head": {"type": "MIMHead", "loss": {"type": "PixelReconstructionLoss", "criterion": "L2"}},
}


def model_of(**changes):
    torch.manual_seed(0)
    model = MODELS.build({**copy.deepcopy(MODEL), **changes})
    model.init_weights()
    model.teacher.set_max_iters(10)
    return model


def test_loss_by_hand(monkeypatch):
    """The mean, over images, blocks, patches and channels, of the squared distance to normalised features."""
    model, images = model_of(), torch.randn(3, 3, 48, 48)
    context, targets = model.draw_masks(3, (6, 6), "cpu")
    monkeypatch.setattr(model, "draw_masks", lambda *args: (context, targets))
    loss = model(images, mode="loss")["loss"]
    backbone, neck = model.backbone, model.neck
    patches = backbone.patch_embed(images)[0] + backbone.pos_embed
    features = patches
    for layer in backbone.layers:
        features = layer(features)
    features = backbone.ln1(features)
    features = (features - features.mean(-1, keepdim=True)) / (
        features.var(-1, unbiased=False, keepdim=True) + 1e-5
    ).sqrt()
    distances = []
    for i in range(3):
        seen = patches[i, context[i]][None]
        for layer in backbone.layers:
            seen = layer(seen)
        seen = neck.embed(backbone.ln1(seen)) + neck.pos_embed[:, context[i]]
        for block in targets[i]:
            tokens = torch.cat((seen, neck.mask_token + neck.pos_embed[:, block]), dim=1)
            for layer in neck.layers:
                tokens = layer(tokens)
            predicted = neck.project(neck.norm(tokens))[0, -len(block) :]
            distances.append(((predicted - features[i, block]) ** 2).mean())
    torch.testing.assert_close(loss, torch.stack(distances).mean())


def test_context_and_targets_are_apart():
    model = model_of()
    for seed in range(20):
        torch.manual_seed(seed)
        context, targets = model.draw_masks(4, (6, 6), "cpu")
        assert targets.shape[:2] == (4, 4)
        for image, blocks in zip(context, targets):
            assert not set(image.tolist()) & set(blocks.flatten().tolist())
            assert len(set(image.tolist())) == len(image) >= 1
            for block in blocks:  # a rectangle
                rows, columns = block // 6, block % 6
                assert len(rows.unique()) * len(columns.unique()) == len(block)


def test_a_small_grid_that_targets_cover():
    model = model_of(target_scale=(1.0, 1.0), target_aspect=(1.0, 1.0), num_targets=1)
    context, _ = model.draw_masks(2, (6, 6), "cpu")
    assert context.shape == (2, 1)


def test_teacher_follows_along_a_line():
    model = model_of(base_momentum=0.4)
    assert [model.teacher.momentum_at(steps) for steps in (0, 5, 10)] == pytest.approx([0.4, 0.2, 0.0])
    images = torch.randn(2, 3, 48, 48)
    model(images, mode="loss")
    before = model.teacher.module.layers[0].attn.proj.weight.clone()
    with torch.no_grad():
        model.backbone.layers[0].attn.proj.weight.add_(1)
    model(images, mode="loss")
    after = model.teacher.module.layers[0].attn.proj.weight
    torch.testing.assert_close(after - before, torch.full_like(before, 0.36))


def test_learns():
    model, images = model_of(), torch.randn(8, 3, 48, 48)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-3)
    losses = []
    for _ in range(10):
        loss = model(images, mode="loss")["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[-3:]) < losses[0]
    assert model.eval()(images, mode="tensor")[-1].shape == (8, 36, 32)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"num_targets": 0}, "num_targets"),
        ({"target_scale": (0.2, 0.1)}, "target_scale"),
        ({"target_aspect": (0, 1)}, "target_aspect"),
        ({"context_scale": (0.5, 1.5)}, "context_scale"),
        ({"neck": {**MODEL["neck"], "num_patches": 35}}, "square"),
        ({"backbone": {**MODEL["backbone"], "with_cls_token": True}}, "class token"),
    ],
)
def test_settings(changes, match):
    with pytest.raises(ConfigError, match=match):
        model_of(**changes)


def test_images_of_one_patch():
    with pytest.raises(ArgumentError, match="4 patches"):
        model_of().draw_masks(2, (1, 1), "cpu")


def test_features_are_those_of_whole_images():
    model = model_of().eval()
    images = torch.randn(2, 3, 48, 48)
    whole = model.backbone(images, keep=torch.arange(36).expand(2, -1))
    torch.testing.assert_close(model.extract_feat(images)[-1], whole)
    assert F.mse_loss(whole, torch.zeros_like(whole)) > 0
