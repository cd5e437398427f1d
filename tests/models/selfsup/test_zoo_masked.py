"""The zoo's configs of masked image modelling, I-JEPA and continued pre-training train in small."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from mmpretrain.config import Config
from mmpretrain.config.validate import validate
from mmpretrain.engine.runner import Runner
from tests.models.selfsup.facts import recorded, with_clip
from tests.models.selfsup.small import ZOO, write_images

VIT = {"embed_dims": 32, "num_layers": 4, "depth": 4, "num_heads": 4, "feedforward_channels": 32}
HIVIT = {"embed_dims": 32, "depths": [1, 1, 2], "num_heads": 4}
DECODER = {"embed_dim": 32, "decoder_embed_dim": 32, "decoder_depth": 1, "decoder_num_heads": 2}
DALLE = {"n_hid": 8, "n_blk_per_group": 1, "vocab_size": 24}
CLIP = recorded("algorithms")["EVA"]["case"]["model"]["target_generator"]
VQKD_SIZE = {"arch": VIT, "img_size": 64}

#: Algorithm -> changes of backbone, neck, head, target generator and model; images are 64 x 64.
SMALL: dict[str, dict[str, dict[str, Any]]] = {
    "MAE": {"neck": {**DECODER, "num_patches": 16}},
    "MFF": {"backbone": {"out_indices": [0, 3]}, "neck": {**DECODER, "num_patches": 16}},
    "EVA": {"neck": {**DECODER, "num_patches": 16, "predict_feature_dim": 24}, "target_generator": CLIP},
    "MILAN": {"neck": {**DECODER, "num_patches": 16, "predict_feature_dim": 24}, "target_generator": CLIP},
    "MaskFeat": {
        "backbone": {"img_size": 112, "patch_size": 8},
        "neck": {"in_channels": 32, "out_channels": 27},
    },
    "SimMIM": {
        "backbone": {
            "arch": {"embed_dims": 16, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2]},
            "stage_cfgs": {"block_cfgs": {"window_size": 2}},
        },
        "neck": {"in_channels": 128},
    },
    "MixMIM": {
        "backbone": {
            "arch": {"embed_dims": 16, "depths": [1, 1, 1, 1], "num_heads": [2, 2, 2, 2]},
            "window_size": [4, 4, 4, 2],
        },
        "neck": {**DECODER, "embed_dim": 128, "num_patches": 4},
    },
    "BEiT": {"head": {"embed_dims": 32, "num_embed": 24}, "target_generator": DALLE},
    "CAE": {
        "neck": {
            "num_classes": 24,
            "embed_dims": 32,
            "num_heads": 2,
            "regressor_depth": 1,
            "decoder_depth": 1,
        },
        "target_generator": DALLE,
    },
    "iTPN": {
        "neck": {**DECODER, "num_patches": 16, "fpn_dim": 16, "fpn_depth": 1},
        "head": {},
        "target_generator": CLIP,
    },
    "SparK": {"model": {"input_size": 64, "enc_dec_norm_dim": 64}, "neck": {"feature_dim": 32}},
    "IJEPA": {
        "neck": {"num_patches": 16, "embed_dim": 32, "predictor_embed_dim": 24, "depth": 1, "num_heads": 2}
    },
    "ContinuedPretraining": {"neck": {"in_channels": 32, "hid_channels": 16}},
}

FAMILIES = [
    "beit", "beitv2", "cae", "continued_pretraining", "eva", "ijepa", "itpn", "mae", "maskfeat", "mff",
    "milan", "mixmim", "simmim", "spark",
]  # fmt: skip


def of_algorithm(path) -> str | None:
    """The algorithm of a config; None if it trains none."""
    cfg = Config.fromfile(path)
    kind = cfg.get("model", {}).get("type")
    return kind if kind in SMALL and "train_dataloader" in cfg else None


CONFIGS = [
    path.relative_to(ZOO).as_posix()
    for family in FAMILIES
    for path in sorted((ZOO / family).glob("*.py"))
    if of_algorithm(path)
]
#: One of those that differ in size and schedule only.
DISTINCT = {re.sub(r"(base|large|huge|-[wp]\d+|_\d+xb.*)", "", name): name for name in CONFIGS}
#: The loading and packing of MFF's pipeline; the rest of it needs torchvision.
PLAIN = [
    {"type": "LoadImageFromFile"},
    {"type": "RandomResizedCrop", "scale": 64},
    {"type": "PackInputs"},
]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("images"))


def shrink_model(model: Any) -> None:
    """Make a model of the zoo small."""
    changes = SMALL[model.type]
    backbone = model.backbone
    backbone.pop("init_cfg", None)
    if backbone.type == "SparseResNet":
        backbone.update(depth=18, stem_channels=8, base_channels=8)
    elif backbone.type == "SparseConvNeXt":
        backbone.update(arch={"depths": [1, 1, 1, 1], "channels": [8, 16, 32, 64]})
    else:
        backbone.update(arch=HIVIT if "HiViT" in backbone.type else VIT, img_size=64)
        if "patch_size" in backbone and "HiViT" not in backbone.type:
            backbone.patch_size = 16
    backbone.update(changes.get("backbone", {}))
    model.update(changes.get("model", {}))
    for part in ("neck", "head", "target_generator"):
        if model.get(part) is not None:
            model[part].update(changes.get(part, {}))
            model[part].pop("init_cfg", None)
    special(model)


def special(model: Any) -> None:
    """What single configs need besides."""
    if "patch_size" in model.get("head", {}) and model.type == "MAE":
        model.head.patch_size = model.neck.patch_size = 16
    if model.get("target_generator", {}).get("type") == "VQKD":
        model.target_generator = {
            "type": "VQKD",
            "encoder_config": {**model.target_generator.encoder_config, **VQKD_SIZE},
            "num_embed": 24,
            "embed_dims": 8,
        }
        model.backbone.out_indices = [1, 3]
        model.neck.update(backbone_arch=VIT, early_layers=2, num_layers=1)
    if model.type == "iTPN" and model.backbone.reconstruction_type == "clip":
        model.neck.pop("decoder_num_heads")
        model.head.update(embed_dims=32, num_embed=24)
    elif model.type == "iTPN":
        model.pop("target_generator", None)


def shrink_pipeline(step: Any, kind: str) -> Any:
    """Make what a pipeline puts out 64 pixels wide, and masks to fit."""
    if isinstance(step, (list, tuple)):
        return [shrink_pipeline(item, kind) for item in step]
    if not isinstance(step, dict):
        return step
    size = 112 if kind == "MaskFeat" else 64
    step = {key: shrink_pipeline(value, kind) for key, value in step.items()}
    name = step.get("type")
    if "scale" in step and name == "RandomResizedCrop":
        step["scale"] = size
    if name == "RandomResizedCropAndInterpolationWithTwoPic":
        step.update(size=size, second_size=64 if step["second_size"] == 224 else 32)
    if name == "SimMIMMaskGenerator":
        step.update(input_size=size)
    if name == "BEiTMaskGenerator":
        wide = 14 if kind == "MaskFeat" else 4
        step.update(input_size=wide, num_masking_patches=6, min_num_patches=1, max_num_patches=None)
    return step


@pytest.mark.parametrize("name", CONFIGS)
def test_is_valid(name):
    problems = validate(Config.fromfile(ZOO / name), files=False)
    assert [problem for problem in problems if "of torchvision" not in problem.message] == []


def small_masked(name: str, images: Path, folder: Path, iters: int = 2) -> Config:
    """Return a zoo config whose model, images and run are small."""
    cfg = Config.fromfile(ZOO / name)
    kind = cfg.model.type
    shrink_model(cfg.model)
    cfg.model = with_clip(cfg.model.to_dict(), str(folder))
    cfg.train_dataloader.update(batch_size=4, num_workers=0, persistent_workers=False, pin_memory=False)
    cfg.train_dataloader.dataset = {
        "type": "CustomDataset",
        "data_root": str(images),
        "with_label": False,
        "pipeline": PLAIN if kind == "MFF" else shrink_pipeline(cfg.train_dataloader.dataset.pipeline, kind),
    }
    cfg.train_cfg = {"by_epoch": False, "max_iters": iters}
    cfg.param_scheduler = []
    cfg.default_hooks.checkpoint.update(interval=iters, by_epoch=False)
    cfg.work_dir = str(folder / "run")
    cfg.env_cfg.dist_cfg.backend = "gloo"
    return cfg


@pytest.mark.parametrize("name", DISTINCT.values())
def test_trains(name, images, tmp_path):
    cfg = small_masked(name, images, tmp_path)
    kind = cfg.model["type"]
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter == 2
    losses = [history.current() for key, history in runner.message_hub.log_scalars.items() if "loss" in key]
    assert losses
    assert all(map(math.isfinite, losses))
    with torch.no_grad():
        size = 112 if kind == "MaskFeat" else 64
        feats = runner.model.eval()(torch.randn(2, 3, size, size), mode="tensor")
    assert all(len(feat) == 2 for feat in feats)
