"""Continued pre-training from files in the layouts in which their authors publish weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import CheckpointError
from mmpretrain.registry import MODELS
from tests.checkpoints.layouts.layout_cases import CLIP_NAMES, renamed

ARCH = {"embed_dims": 64, "num_layers": 2, "num_heads": 1, "feedforward_channels": 256}
#: What a backbone needs besides, by layout.
NEEDS = {
    "mae": {}, "mae-encoder": {},
    "clip": {"pre_norm": True, "layer_cfgs": {"act_cfg": {"type": "QuickGELU"}}},
    "dinov2": {"layer_scale_init_value": 1e-5}, "dinov2-teacher": {"layer_scale_init_value": 1e-5},
    "dinov3": {"type": "DINOv3ViT"},
}  # fmt: skip

#: Our names -> those of the authors of MAE and DINOv2.
PLAIN = (
    (r"^patch_embed\.projection", "patch_embed.proj"), (r"^layers\.(\d+)\.ln(\d)", r"blocks.\1.norm\2"),
    (r"^layers\.(\d+)\.ffn\.layers\.0\.0", r"blocks.\1.mlp.fc1"),
    (r"^layers\.(\d+)\.ffn\.layers\.1", r"blocks.\1.mlp.fc2"),
    (r"^layers\.(\d+)\.attn\.gamma1\.weight", r"blocks.\1.ls1.gamma"),
    (r"^layers\.(\d+)\.ffn\.gamma2\.weight", r"blocks.\1.ls2.gamma"),
    (r"^layers", "blocks"), (r"^ln1", "norm"),
)  # fmt: skip


def backbone(layout: str, **changes) -> dict:
    return {
        "type": "VisionTransformer", "arch": ARCH, "img_size": 32, "patch_size": 8, "out_type": "featmap",
        **NEEDS[layout], **changes,
    }  # fmt: skip


def published(layout: str, model: nn.Module) -> dict:
    """The content of a file with the weights of a backbone."""
    weights = {key: value.clone() for key, value in model.state_dict().items()}
    if layout == "clip":
        theirs = renamed(weights, *CLIP_NAMES)
        theirs["class_embedding"] = theirs["class_embedding"].flatten()
        theirs["positional_embedding"] = theirs["positional_embedding"][0]
        text = {"positional_embedding": torch.zeros(7, 8), "logit_scale": torch.zeros(())}
        return {
            **{f"visual.{key}": value for key, value in theirs.items()},
            "visual.proj": torch.zeros(64, 8),
            **text,
        }
    theirs = renamed(weights, *PLAIN)
    if layout == "mae":
        decoder = {"decoder_pos_embed": torch.zeros(1, 17, 32), "decoder_embed.weight": torch.zeros(32, 64)}
        return {"model": {**theirs, **decoder, "mask_token": torch.zeros(1, 1, 32)}}
    if layout == "mae-encoder":
        return {"model": theirs}
    if layout == "dinov2":
        return {**theirs, "mask_token": torch.zeros(1, 64)}
    if layout == "dinov2-teacher":
        return {"teacher": {f"backbone.{key}": value for key, value in theirs.items()}}
    theirs["storage_tokens"] = theirs.pop("register_tokens")
    masks = {f"blocks.{i}.attn.qkv.bias_mask": torch.ones(192) for i in range(2)}
    return {**theirs, **masks, "rope_embed.periods": torch.ones(16), "mask_token": torch.zeros(1, 64)}


def started_from(layout: str, path) -> nn.Module:
    init = {"type": "Pretrained", "checkpoint": str(path), "prefix": "backbone."}
    model = MODELS.build(
        {
            "type": "ContinuedPretraining",
            "backbone": backbone(layout, init_cfg=init),
            "neck": {"type": "FeaturePredictor", "in_channels": 64, "hid_channels": 16},
            "head": {"type": "MIMHead", "loss": {"type": "CosineSimilarityLoss", "shift_factor": 1.0}},
            "mask_size": 8,
        }
    )
    model.init_weights()
    return model


def source(layout: str, path) -> nn.Module:
    torch.manual_seed(0)
    model = MODELS.build(backbone(layout))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.1)
        for name, parameter in model.named_parameters():
            if layout == "dinov3" and name.endswith("qkv.bias"):
                parameter[64:128] = 0  # keys have no bias there
    torch.save(published(layout, model), path)
    return model


@pytest.mark.parametrize("layout", NEEDS)
def test_it_loads_and_trains(layout, tmp_path):
    path = tmp_path / "weights.pth"
    theirs = source(layout, path)
    model = started_from(layout, path)
    ours = model.backbone.state_dict()
    for key, value in theirs.state_dict().items():
        assert torch.equal(ours[key], value), key
    model.teacher.set_max_iters(10)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    crops = [torch.randn(4, 3, 32, 32) for _ in range(2)]
    losses = []
    for _ in range(5):
        torch.manual_seed(1)  # the same squares
        loss = sum(model(crops, mode="loss").values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    for key, value in theirs.state_dict().items():  # the teacher has begun there
        assert torch.allclose(model.teacher.module.state_dict()[key], value, atol=0.05), key


def test_dinov3_needs_its_own_backbone(tmp_path):
    source("dinov3", tmp_path / "dinov3.pth")
    with pytest.raises(CheckpointError, match=r"weights of DINOv3, whose rotary .*type='DINOv3ViT'"):
        started_from("mae", tmp_path / "dinov3.pth")
