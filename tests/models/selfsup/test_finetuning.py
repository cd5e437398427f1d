"""From pre-training to fine-tuning, by the layouts that checkpoints of then and now have."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.registry import MODELS
from tests.models.selfsup.facts import build, recorded

#: Algorithm -> the plain backbone for fine-tuning.
PLAIN = {
    "MAE": "VisionTransformer",
    "MFF": "VisionTransformer",
    "MaskFeat": "VisionTransformer",
    "BEiT": "BEiTViT",
    "CAE": "BEiTViT",
    "SimMIM": "SwinTransformer",
    "MixMIM": "MixMIMTransformer",
    "MAEHiViT": "HiViT",
    "iTPN": "HiViT",
    "SparK": "ResNet",
}
#: How positions are told in BEiT's and CAE's pre-training.
POSITIONS = {
    "BEiT": {"use_rel_pos_bias": False, "use_shared_rel_pos_bias": True},
    "CAE": {"use_rel_pos_bias": False, "use_abs_pos_emb": True},
}
OUT = {key: {"out_type": "raw", "final_norm": True} for key in POSITIONS}
OWN = ("mask_ratio", "reconstruction_type", "out_indices")


def plain_backbone(name: str, **changes):
    cfg = recorded("algorithms")[name]["case"]["model"]["backbone"]
    kept = {key: value for key, value in cfg.items() if key not in OWN}
    norm = {"norm_cfg": {"type": "BN"}} if name == "SparK" else {}
    return MODELS.build(
        {**kept, **norm, "type": PLAIN[name], **OUT.get(name, {}), **POSITIONS.get(name, {}), **changes}
    )


@pytest.mark.parametrize("name", PLAIN)
def test_backbone_of_a_run(name, tmp_path):
    model = build(recorded("algorithms")[name]["case"]["model"])
    model.init_weights()
    path = str(tmp_path / "epoch_1.pth")
    torch.save({"state_dict": model.state_dict(), "meta": {}}, path)
    init = {"type": "Pretrained", "checkpoint": path, "prefix": "backbone."}
    backbone = plain_backbone(name, init_cfg=init)
    backbone.init_weights()
    trained = model.backbone.state_dict()
    for key, value in backbone.state_dict().items():
        assert torch.equal(value, trained[key]), key


@pytest.mark.parametrize("layout", ["encoder_q.0.", "", "module.backbone.", "state_dict of extract_backbone"])
def test_layouts_of_old_tools(layout, tmp_path):
    torch.manual_seed(0)
    resnet = {"type": "ResNet", "depth": 18, "stem_channels": 8, "base_channels": 8}
    source = MODELS.build(resnet)
    source.init_weights()
    prefix = "" if " " in layout else layout
    weights = {f"{prefix}{key}": value for key, value in source.state_dict().items()}
    path = str(tmp_path / "old.pth")
    torch.save({"state_dict": weights} | ({"author": "MMSelfSup"} if " " in layout else {}), path)
    init = {"type": "Pretrained", "checkpoint": path}
    if layout == "encoder_q.0.":
        init["prefix"] = "backbone."
    elif layout == "module.backbone.":
        init["prefix"] = "module.backbone."
    target = MODELS.build({**resnet, "init_cfg": init})
    target.init_weights()
    for key, value in target.state_dict().items():
        assert torch.equal(value, source.state_dict()[key]), key
