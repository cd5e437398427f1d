"""Zoo configs of self-supervised methods, made so small that a step takes a moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmpretrain.config import Config

ZOO = Path(__file__).parents[3] / "configs"

#: Width of a small network, and of everything after it.
WIDTH, OUT = 32, 16
VIT = {"embed_dims": WIDTH, "num_layers": 2, "num_heads": 2, "feedforward_channels": 32}
SIZES = {224: 32, 96: 16, 98: 16}


def write_images(folder: Path, count: int = 8) -> Path:
    """Write images with some structure, which crops of one image share."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        blocks = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(blocks.repeat(12, axis=0).repeat(12, axis=1)).save(folder / f"{i}.png")
    return folder


def small_config(name: str, images: Path, work_dir: Path, iters: int = 2) -> Config:
    """Return a zoo config whose model, images and run are small."""
    cfg = Config.fromfile(ZOO / name)
    backbone = cfg.model.backbone
    if backbone.type == "ResNet":
        backbone.update(stem_channels=8, base_channels=4)
        feat = 4 * 8 * 4
    else:
        backbone.update(arch=VIT, img_size=32, patch_size=8)
        feat = WIDTH
    shrink(cfg.model)
    for key in ("neck", "patch_neck"):
        if key in cfg.model:
            cfg.model[key].in_channels = feat
    cfg.train_dataloader.update(
        batch_size=4, num_workers=0, persistent_workers=False, pin_memory=False, drop_last=True
    )
    cfg.train_dataloader.dataset = {
        "type": "CustomDataset",
        "data_root": str(images),
        "with_label": False,
        "pipeline": smaller(cfg.train_dataloader.dataset.pipeline),
    }
    for hook in cfg.get("custom_hooks", []):
        if hook.type == "SwAVHook":
            hook.update(batch_size=4, feat_dim=OUT, queue_length=8, epoch_queue_starts=0)
    cfg.train_cfg = {"by_epoch": False, "max_iters": iters}
    cfg.param_scheduler = []
    cfg.default_hooks.checkpoint.update(interval=iters, by_epoch=False)
    cfg.work_dir = str(work_dir)
    cfg.env_cfg.dist_cfg.backend = "gloo"
    return cfg


def shrink(part: Any) -> None:
    """Make the widths of a part, and of the parts in it, small."""
    for key, value in part.items():
        if key in ("in_channels", "hid_channels", "out_channels", "feat_dim", "bottleneck_channels"):
            part[key] = OUT
        elif key in ("num_prototypes", "queue_len"):
            part[key] = 24
        elif isinstance(value, dict) and "type" in value and key != "backbone":
            shrink(value)
    part.update({"SwAVLoss": {"num_prototypes": 24}, "DINONeck": {"hid_channels": OUT}}.get(part["type"], {}))


def smaller(pipeline: Any) -> Any:
    """Shrink what a pipeline crops to."""
    if isinstance(pipeline, dict):
        changes = {"scale": SIZES.get(pipeline["scale"], 32)} if "scale" in pipeline else {}
        return {key: smaller(value) for key, value in pipeline.items()} | changes
    return [smaller(item) for item in pipeline] if isinstance(pipeline, (list, tuple)) else pipeline
