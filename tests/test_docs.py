"""The Python examples on these pages run, from the top of the page to the bottom."""

from __future__ import annotations

import re
import tarfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmpretrain.registry import (
    DATASETS,
    HOOKS,
    METRICS,
    MODELS,
    OPTIM_WRAPPER_CONSTRUCTORS,
    PARAM_SCHEDULERS,
    TRANSFORMS,
)

DOCS = Path(__file__).parent.parent / "docs"

#: Page -> what its examples register.
PAGES = {
    "audit.md": [],
    "checkpoints.md": [],
    "datasets.md": [(DATASETS, "Filelist")],
    "distributed.md": [],
    "engine.md": [(HOOKS, "PrintLoss")],
    "explain.md": [],
    "images.md": [],
    "images.zh-CN.md": [],
    "explain.zh-CN.md": [],
    "inference.md": [],
    "inference.zh-CN.md": [],
    "heads_and_losses.md": [(MODELS, "BellLoss"), (MODELS, "CosineHead")],
    "hooks.md": [(HOOKS, "CountImagesHook")],
    "metrics.md": [(METRICS, "ClassesOff")],
    "optimizers.md": [(OPTIM_WRAPPER_CONSTRUCTORS, "SlowBackbone")],
    "packing.md": [],
    "packing.zh-CN.md": [],
    "preflight.md": [],
    "pretraining.md": [],
    "reliability.md": [],
    "schedules.md": [(PARAM_SCHEDULERS, "HalveLR")],
    "storage.md": [],
    "transforms.md": [(TRANSFORMS, "Darken")],
    "uncertainty.md": [],
    "zoo.md": [],
}


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder with the data and configs that the pages mention."""
    for split in ("train", "val"):
        for label, name in enumerate(("apple", "pear")):
            path = tmp_path / "data" / "fruit" / split / name / "1.jpg"
            path.parent.mkdir(parents=True)
            cv2.imwrite(str(path), np.full((300, 400, 3), 100 * label + 50 * (split == "val"), np.uint8))
    image = tmp_path / "data" / "fruit" / "train" / "apple" / "1.jpg"
    (tmp_path / "cat.jpg").write_bytes(image.read_bytes())
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.write(image, "train/a.jpg")
    for number in range(2):
        with tarfile.open(tmp_path / f"train-{number:03d}.tar", "w") as shard:
            shard.add(image, f"{number}.jpg")
    (tmp_path / "my_config.py").write_text("train_dataloader = None")
    (tmp_path / "configs").symlink_to(DOCS.parent / "configs")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("data")
def test_examples_run(page):
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    try:
        exec(compile("\n".join(blocks), page, "exec"), {"__name__": "example"})
    finally:
        for registry, name in PAGES[page]:
            registry.module_dict.pop(name, None)
