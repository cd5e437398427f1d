"""Command lines: each command with sound words, and one or two of its options with odd values.

The working folder holds a folder of pictures, a table, a packed set, a tiny config and a checkpoint of it; at
times one of the files is damaged. Trainings last one epoch of twelve pictures.
"""

from __future__ import annotations

import io
import os
import tempfile
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import torch
import typer.main
from PIL import Image

from mmpretrain.cli.main import app
from mmpretrain.cli.options import LAUNCH_OPTIONS
from mmpretrain.config import Config
from mmpretrain.registry import MODELS
from tests.fuzz.case import Case, Target
from tests.fuzz.commands import call
from tests.fuzz.mutate import ODD_TEXT, mutate_bytes

_CONFIG = """model = dict(
    type='ImageClassifier',
    backbone=dict(type='LeNet5', num_classes=2),
    head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss'), topk=(1,)),
    data_preprocessor=dict(num_classes=2, mean=[127.0], std=[60.0], to_rgb=False))
pipeline = [dict(type='LoadImageFromFile', color_type='grayscale'), dict(type='Resize', scale=(32, 32)),
            dict(type='PackInputs')]
train_dataloader = dict(batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True),
                        dataset=dict(type='CustomDataset', data_root='photos', pipeline=pipeline))
val_dataloader = dict(batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
                      dataset=dict(type='CustomDataset', data_root='photos', pipeline=pipeline))
test_dataloader = val_dataloader
val_evaluator = test_evaluator = dict(type='Accuracy')
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01))
train_cfg, val_cfg, test_cfg = dict(by_epoch=True, max_epochs=1), dict(), dict()
"""
_CPU = ("--device", "cpu")
#: Command -> words that work.
SOUND: dict[str, tuple[str, ...]] = {
    "audit": ("photos", "--out", "out"),
    "pack": ("photos", "out", "--workers", "0"),
    "unpack": ("packed", "out"),
    "finetune": ("config.py", "--data", "photos", "--epochs", "1", "--out", "out", "--workers", "0", *_CPU),
    "lr-find": ("config.py", "--data", "photos", "--steps", "10", *_CPU),
    "batch-find": ("config.py", "--data", "photos", "--max", "2", *_CPU),
    "tune": ("config.py", "--space", "optim_wrapper.optimizer.lr=0.1,0.2", "--trials", "1", *_CPU),
    "knn": ("model.pth", "--data", "photos", "--image-size", "32", "--workers", "0", *_CPU),
    "linear-probe": ("model.pth", "--data", "photos", "--image-size", "32", "--workers", "0", *_CPU),
    "calibrate": ("model.pth", "--data", "photos", "--out", "out.pth", "--workers", "0", *_CPU),
    "predict": ("photos", "--model", "model.pth", "--out", "json", *_CPU),
    "pretrain": ("simclr", "--data", "photos", "--arch", "resnet18", "--epochs", "1", "--image-size", "32",
                 "--batch-size", "4", "--workers", "0", "--work-dir", "out", *_CPU),
}  # fmt: skip
#: Options that would wait for a person, a device or a network.
_LEFT_OUT = {*LAUNCH_OPTIONS, "help", "show", "stream", "trust", "wait_time"}
_VALUES = (
    "0", "1", "2", "-1", "0.5", "1.5", "nan", "inf", "-inf", "1e999", "1e-400", "auto", "none", "None", "all",
    "true", "10", "9" * 30, "", " ", "a", "=", "a=1", "a=1,2", "..", ".", "/", "photos", "config.py",
    "table.csv", "model.pth", "packed", "nowhere", "nowhere/x.pth", "cuda:7", "cpu:3", "tpu", "1s", "1h30m",
    "-5m", "8GB", "3XB", "[1,2]", "(1,", "{}", "é漢", "x" * 300, "\x1b[31m", "a\nb", "leak,label", "last,0",
    "a.b.c=[1,2]", "model.head.topk=[7]", "optim_wrapper.optimizer.lr=loguniform(1,0)", "out", "out.html",
)  # fmt: skip


@cache
def _files() -> dict[str, bytes]:
    files = {"config.py": _CONFIG.encode()}
    lines = ["path,label"]
    for number in range(12):
        file, name = io.BytesIO(), f"photos/{'ab'[number % 2]}/{number}.png"
        picture = Image.effect_noise((34, 32), 50).point(lambda value, n=number: (value + 90 * (n % 2)) % 256)
        picture.save(file, "PNG")
        files[name] = file.getvalue()
        lines.append(f"{name},{'ab'[number % 2]}")
    files["table.csv"] = "\n".join(lines).encode()
    cfg = Config.fromstring(_CONFIG, ".py")
    model = MODELS.build(cfg.model)
    meta = {"cfg": _CONFIG, "dataset_meta": {"classes": ("a", "b")}}
    weights = io.BytesIO()
    torch.save({"state_dict": model.state_dict(), "meta": meta}, weights)
    files["model.pth"] = weights.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        call(["pack", f"{folder}/photos", f"{folder}/packed", "--workers", "0"])
        packed = Path(folder, "packed")
        files |= {f"packed/{p.relative_to(packed)}": p.read_bytes() for p in packed.rglob("*") if p.is_file()}
    return files


@cache
def _options(command: str) -> list[Any]:
    found = typer.main.get_command(app).commands[command].params  # type: ignore[attr-defined]
    return [param for param in found if param.name not in _LEFT_OUT]


def make(rng: Random, number: int) -> Case:
    """Odd values for one or two options, or a damaged file."""
    command = list(SOUND)[number % len(SOUND)]
    words, files = [command, *SOUND[command]], dict(_files())
    notes = []
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        option = rng.choice(_options(command))
        value = rng.choice(_VALUES) if rng.random() < 0.8 else str(rng.choice(ODD_TEXT)).replace("\0", "")
        if option.param_type_name == "argument":
            words[1] = value
        elif getattr(option, "is_flag", False):
            words.append(rng.choice([*option.opts, *option.secondary_opts]))
        else:
            words += [option.opts[-1], value]
        notes.append(f"{option.name}={value[:30]!r}")
    if not notes or rng.random() < 0.2:
        name = rng.choice([name for name in files if name != "config.py"])
        files[name] = mutate_bytes(files[name], rng)
        notes.append(f"damaged {name}")
    return Case(f"{command}: {'; '.join(notes)}", files, words)


def run(case: Case) -> None:
    """Call the command; what was there stays."""
    torch.set_num_threads(1)
    os.environ["HF_HUB_OFFLINE"] = "1"
    call(case.argument)
    kept = {"--in-place", "--force"} & {*case.argument}
    changed = [name for name, data in case.files.items() if Path(name).read_bytes() != data]
    assert kept or not changed, f"a file was changed: {changed}"


TARGET = Target("words", make, run, seconds=120, megabytes=1500, quick=12, prepare=_files)
