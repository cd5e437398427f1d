"""From the name of a method to the config of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from digits.data import MEAN, PICTURE, STD
from digits.masked import HIDDEN_PATCHES, MASKED
from digits.networks import GRID, NETWORKS, PATCH, SIDE, SMALL_SIDE, Ask, Cfg, Method, Network
from digits.teachers import TEACHERS, all_weights
from digits.views import VIEWS
from mmpretrain.config import Config
from mmpretrain.engine.runner import Runner

METHODS: dict[str, Method] = {**VIEWS, **MASKED}
#: How long methods and stand-ins train; an epoch is as many images as there are digits, whatever the data.
EPOCHS, TEACHER_EPOCHS, EPOCH = 20, 10, 1442
PREPROCESSOR = {"type": "SelfSupDataPreprocessor", "mean": [MEAN], "std": [STD]}
TWICE = {**PREPROCESSOR, "type": "TwoNormDataPreprocessor", "second_mean": [MEAN], "second_std": [STD]}


def no_teacher(name: str) -> str:
    """What methods without a teacher get."""
    raise LookupError(f"the run has no teacher {name!r}")


def view(side: int, area: tuple[float, float]) -> list[Cfg]:
    """A pipeline that makes one view of a picture."""
    return [
        {"type": "RandomResizedCrop", "scale": side, "crop_ratio_range": area},
        {"type": "Rotate", "angle": 15.0, "prob": 0.5},
        {"type": "RandomApply", "prob": 0.8, "transforms": [
            {"type": "ColorJitter", "brightness": 0.4, "contrast": 0.4, "backend": "cv2"}
        ]},
        {"type": "GaussianBlur", "magnitude_range": (0.1, 1.0), "magnitude_std": "inf", "prob": 0.3},
    ]  # fmt: skip


def pipeline(method: Method) -> list[Cfg]:
    """The training pipeline of a method."""
    steps: list[Cfg] = [{"type": "Resize", "scale": PICTURE}]
    large = view(method.side, (0.4, 1.0))
    if method.input == "pair":
        steps.append({"type": "MultiView", "num_views": [2], "transforms": [large]})
    elif method.input == "crops":
        small = view(SMALL_SIDE, (0.4, 0.8))
        steps.append({"type": "MultiView", "num_views": [2, 2], "transforms": [large, small]})
    elif method.input == "twice":
        kind = "RandomResizedCropAndInterpolationWithTwoPic"
        sizes = {"size": method.side, "second_size": method.second_side}
        steps.append({"type": kind, **sizes, "scale": (0.6, 1.0), "second_interpolation": "bilinear"})
    else:
        steps.append({"type": "RandomResizedCrop", "scale": method.side, "crop_ratio_range": (0.6, 1.0)})
    if method.input in ("blocks", "twice"):
        mask = {"type": "BEiTMaskGenerator", "input_size": GRID, "num_masking_patches": HIDDEN_PATCHES}
        steps.append({**mask, "min_num_patches": 1})
    if method.input == "squares":
        edges = {"mask_patch_size": method.side // GRID, "model_patch_size": PATCH}
        steps.append({"type": "SimMIMMaskGenerator", "input_size": method.side, **edges, "mask_ratio": 0.6})
    return [*steps, {"type": "PackInputs"}]


def iterations(method: Method, epochs: float) -> int:
    """Number of iterations, at least one."""
    return max(1, int(EPOCH // method.batch * epochs))


def run_config(
    method: str | Method,
    work_dir: str,
    iters: int | None = None,
    seed: int = 0,
    network: str = "vit",
    data: str = "digits",
    ask: Ask = no_teacher,
    split: str = "train",
    device: str = "cpu",
) -> dict[str, Any]:
    """The config of a run.

    Args:
        method: Its name in :data:`METHODS`, or itself.
        work_dir: Where the run writes.
        iters: Number of iterations; by default those of ``EPOCHS``.
        seed: Seed of weights, order and views.
        network: What methods that compare views train, a name in ``NETWORKS``.
        data: The pictures.
        ask: Gives the weights of teachers.
        split: The part of the pictures that is trained on.
        device: Where it is trained.
    """
    chosen = METHODS[method] if isinstance(method, str) else method
    resnet = network == "resnet" and chosen.on_resnet is not None
    model = chosen.model(NETWORKS[network], ask)
    iters = iterations(chosen, EPOCHS) if iters is None else iters
    warm = max(iters // 20, 1)
    return {
        "model": {**model, "data_preprocessor": TWICE if chosen.input == "twice" else PREPROCESSOR},
        "train_dataloader": {
            "batch_size": chosen.batch, "num_workers": 0, "drop_last": True,
            "dataset": {
                "type": "Pictures", "data": data, "split": split, "channels": chosen.channels,
                "pipeline": pipeline(chosen),
            },
            "sampler": {"type": "DefaultSampler", "shuffle": True},
            "collate_fn": {"type": "default_collate"},
        },
        "optim_wrapper": {
            "optimizer": chosen.on_resnet if resnet else chosen.optimizer, "clip_grad": {"max_norm": 3.0}
        },
        "param_scheduler": [
            {"type": "LinearLR", "start_factor": 0.1, "by_epoch": False, "end": warm},
            {"type": "CosineAnnealingLR", "by_epoch": False, "begin": warm, "end": max(iters, warm + 1)},
        ],
        "train_cfg": {"by_epoch": False, "max_iters": iters},
        "default_hooks": {"checkpoint": None, "logger": {"type": "LoggerHook", "interval": 50}},
        "work_dir": work_dir, "log_level": "ERROR", "randomness": {"seed": seed}, "device": device,
    }  # fmt: skip


class Teachers:
    """Trains stand-ins when they are first asked for, and keeps their weights in a folder.

    Args:
        folder: Where to keep them.
        epochs: How long each is trained; None leaves random weights.
        seed: Its seed.
        data: The pictures.
        split: The part of them that is trained on.
        device: Where they are trained.
    """

    def __init__(
        self,
        folder: str | Path,
        epochs: float | None = TEACHER_EPOCHS,
        seed: int = 0,
        data: str = "digits",
        split: str = "train",
        device: str = "cpu",
    ) -> None:
        self.folder, self.epochs = Path(folder), epochs
        self.settings = {"seed": seed, "data": data, "split": split, "device": device}

    def __call__(self, name: str) -> str:
        """Return the path of the weights of a teacher; ``mae`` is a whole model."""
        path = self.folder / f"{name}.pth"
        if not path.exists():
            method, keep = TEACHERS[name] if name in TEACHERS else (METHODS["MAE"], all_weights)
            iters = iterations(method, self.epochs or 0)
            cfg = run_config(method, str(self.folder / name), iters, ask=self, **self.settings)
            runner = Runner.from_cfg(Config(cfg))
            if self.epochs is None:
                runner.model.init_weights()
            else:
                runner.train()
            torch.save({"state_dict": keep(runner.model.cpu())}, path)
        return str(path)


__all__ = ["EPOCHS", "METHODS", "PREPROCESSOR", "SIDE", "Network", "Teachers", "run_config"]
