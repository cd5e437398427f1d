"""Does each self-supervised method learn? Nearest neighbours in its features, before and after training.

All methods train for as long, all that can the same Vision Transformer of four layers, on the 1,442 training
digits that ship with the package or on 8,000 silhouettes of animals, without labels. Then each of the 355 or
2,000 others gets the class of its 10 nearest neighbours (weighted, T = 0.07). A method that does not beat its
backbone with random weights by ``MARGIN`` is faulty until shown otherwise. The collapse doctor watches, and
must keep quiet. Each run is written to a file as it ends; runs that are there are not repeated::

    python benchmarks/selfsup_digits.py --out digits.json                     # all methods
    python benchmarks/selfsup_digits.py SimCLR MAE --seeds 3
    python benchmarks/selfsup_digits.py SimCLR MoCo --network resnet
    pip install --no-deps animal-mnist && python benchmarks/selfsup_digits.py --data animal-mnist
    python benchmarks/selfsup_digits.py --data animal-mnist=animal_mnist-0.4-py3-none-any.whl
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import warnings
from pathlib import Path
from time import process_time
from typing import Any

import torch
from digits.data import batch, pictures
from digits.networks import NETWORKS, Ask, Method
from digits.runs import EPOCHS, METHODS, TEACHER_EPOCHS, Teachers, iterations, run_config
from digits.teachers import TEACHERS
from torch import Tensor, nn

from mmpretrain.config import Config
from mmpretrain.engine.runner import Runner
from mmpretrain.errors import DataError, TrainingError
from mmpretrain.evaluation.functional import knn_scores, pooled
from mmpretrain.registry import MODELS

MARGIN = 3.0
Row = dict[str, Any]


@torch.no_grad()
def features(model: Any, images: Tensor) -> Tensor:
    """Return features (N, C) of the last stage of images (N, C, H, W)."""
    training = model.training
    model.eval()
    extra = getattr(model.backbone, "num_extra_tokens", 0)
    parts = [pooled(model(chunk, mode="tensor")[-1], extra) for chunk in images.split(256)]
    model.train(training)
    return torch.cat(parts)


def accuracy(model: nn.Module, method: Method, data: str) -> float:
    """Return the percentage of held-out pictures whose nearest neighbours have their class."""
    (known, classes), (images, truth) = (
        batch(data, split, method.side, method.channels) for split in ("train", "val")
    )
    scores = knn_scores(
        features(model, images), features(model, known), classes, 10, ks=(10,), temperature=0.07
    )[10]
    return 100 * float((scores.argmax(dim=1) == truth).float().mean())


def random_accuracy(cfg: Row, method: Method, data: str, seed: int) -> float:
    """Return the accuracy with random weights, also where a method starts from a checkpoint."""
    backbone = dict(cfg["model"]["backbone"])
    if (backbone.get("init_cfg") or {}).get("type") == "Pretrained":
        del backbone["init_cfg"]
    torch.manual_seed(seed)
    model = MODELS.build({**cfg["model"], "backbone": backbone})
    model.init_weights()
    return accuracy(model, method, data)


def measure(method: Method, data: str, network: str, iters: int, seed: int, ask: Ask) -> Row:
    """Train; return the accuracies, seconds of CPU, and what the doctor said."""
    with tempfile.TemporaryDirectory() as folder:
        cfg = run_config(method, folder, iters, seed, network, data, ask)
        random = random_accuracy(cfg, method, data, seed)
        runner = Runner.from_cfg(Config({**cfg, "custom_hooks": [{"type": "CollapseDoctorHook"}]}))
        torch.manual_seed(seed)
        runner.model.init_weights()
        begins, start, said = accuracy(runner.model, method, data), process_time(), ""
        try:
            runner.train()
        except TrainingError as error:
            said = error.message
        seconds = process_time() - start
        trained = accuracy(runner.model, method, data)
    row = {"random": random, "start": begins, "trained": trained, "iters": runner.iter, "seconds": seconds}
    return {**row, "doctor": said}


def table(rows: list[Row], data: str) -> str:
    """Return the runs as a table, with the mean of the seeds and their range."""
    count = len(pictures(data, "train")[1])
    lines = ["| method | backbone | epochs | batch | targets from | random | trained | gain | CPU | doctor |"]
    lines.append("| --- " * 10 + "|")
    for name, network in dict.fromkeys((row["method"], row["network"]) for row in rows):
        runs = [row for row in rows if (row["method"], row["network"]) == (name, network)]
        batch_size = runs[0]["batch"]
        epochs = runs[0]["iters"] / (count // batch_size)
        said = next((row["doctor"] for row in runs if row["doctor"]), "quiet")
        gains = [row["trained"] - row["random"] for row in runs]
        cells = [spread([row[key] for row in runs]) for key in ("random", "trained")]
        seconds = sum(row["seconds"] for row in runs) / len(runs)
        lines.append(
            f"| {name} | {network} | {epochs:.0f} | {batch_size} | {runs[0]['teacher']} | {cells[0]} "
            f"| {cells[1]} | {spread(gains)} | {seconds:.0f} s | {said} |"
        )
    passed = {row["method"] for row in rows} - {
        row["method"] for row in rows if row["trained"] - row["random"] < MARGIN or row["doctor"]
    }
    count = len({row["method"] for row in rows})
    lines.append(f"\n{len(passed)} of {count} methods beat random weights by {MARGIN} points in each run")
    return "\n".join(lines)


def spread(values: list[float]) -> str:
    """Return the mean, and the range if there are several."""
    mean = f"{sum(values) / len(values):.1f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.1f} to {max(values):.1f})"


def run_all(args: argparse.Namespace) -> list[Row]:
    """Run what is not in the file of results yet; return all rows that were asked for."""
    known: list[Row] = json.loads(args.out.read_text()) if args.out and args.out.exists() else []
    wanted = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(args.seed, args.seed + args.seeds):
            ask = Teachers(Path(folder) / str(seed), min(args.epochs, TEACHER_EPOCHS), seed, args.data)
            for name in args.methods:
                method = METHODS[name] if name in METHODS else TEACHERS[name][0]
                network = method.network or NETWORKS[args.network].about
                key = {"method": name, "data": args.data.partition("=")[0], "network": network, "seed": seed}
                key["asked"] = args.epochs
                row = next((row for row in known if key.items() <= row.items()), None)
                if row is None:
                    row = {**key, "teacher": method.teacher, "batch": method.batch}
                    iters = iterations(method, args.epochs)
                    row |= measure(method, args.data, args.network, iters, seed, ask)
                    known.append(row)
                    print(
                        f"{name}, seed {seed}: {row['random']:.1f} to {row['trained']:.1f}", file=sys.stderr
                    )
                    if args.out:
                        args.out.write_text(json.dumps(known, indent=1))
                wanted.append(row)
    return wanted


def main() -> None:
    """Run, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("methods", nargs="*", default=list(METHODS), metavar="METHOD")
    parser.add_argument("--data", default="digits", help="digits, animal-mnist or animal-mnist=WHEEL")
    parser.add_argument("--network", choices=NETWORKS, default="vit", help="for methods that compare views")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="of 1,442 images, whatever the data")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument("--out", type=Path, help="JSON file of results, added to")
    args = parser.parse_args()
    if unknown := [name for name in args.methods if name not in {**METHODS, **TEACHERS}]:
        parser.error(f"there is no method {unknown[0]!r}; there are: {', '.join(METHODS)}")
    try:
        pictures(args.data, "val")
    except DataError as error:
        parser.error(f"{error.message} {error.hint}")
    warnings.filterwarnings("ignore", category=UserWarning)
    torch.set_num_threads(1)
    print(table(run_all(args), args.data))


if __name__ == "__main__":
    main()
