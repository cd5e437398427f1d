"""Does each self-supervised method learn? Nearest neighbours in its features, before and after training.

All methods train for as long, all that can the same Vision Transformer of four layers, on the 1,442 training
digits that ship with the package or on 8,000 silhouettes of animals, without labels. Then each of the 355 or
2,000 others gets the class of its 10 nearest neighbours (weighted, T = 0.07), among all training pictures and
among ``LABELS`` of each class. A method that does not beat its backbone with random weights (the mean of
``RANDOM`` draws) by ``MARGIN`` is faulty until shown otherwise. The collapse doctor watches, and must keep
quiet. Each run is written to a file as it ends; runs that are there are not repeated::

    python benchmarks/selfsup_digits.py --out digits.json                     # all methods
    python benchmarks/selfsup_digits.py SimCLR MAE --seeds 3
    python benchmarks/selfsup_digits.py --seeds 2 --jobs 16 --out digits.json    # 16 runs at once
    python benchmarks/selfsup_digits.py MAE --device cuda
    python benchmarks/selfsup_digits.py SimCLR MoCo --network resnet
    python benchmarks/selfsup_digits.py MAE --tune                      # judged on other pictures
    python benchmarks/selfsup_digits.py EVA MILAN --untrained-teachers   # what is from the teacher?
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
from digits.processes import results
from digits.runs import EPOCHS, METHODS, TEACHER_EPOCHS, Teachers, iterations, run_config
from digits.teachers import TEACHERS
from torch import Tensor, nn

from mmpretrain.config import Config
from mmpretrain.engine.runner import Runner
from mmpretrain.errors import DataError, TrainingError
from mmpretrain.evaluation.functional import knn_scores, pooled
from mmpretrain.registry import MODELS
from mmpretrain.utils.atomic import write_atomic

MARGIN = 3.0
#: Networks whose mean accuracy is that of random weights; labelled pictures of a class, and draws of these.
RANDOM, LABELS, DRAWS = 5, 10, 20
#: Neighbours and judged pictures of the table; and to choose settings, which the table must not see.
TABLE, TUNE = ("train", "val"), ("fit", "tune")
Row = dict[str, Any]


@torch.no_grad()
def features(model: Any, images: Tensor) -> Tensor:
    """Return features (N, C) of the last stage of images (N, C, H, W), on the CPU."""
    training = model.training
    model.eval()
    extra = getattr(model.backbone, "num_extra_tokens", 0)
    device = next((parameter.device for parameter in model.parameters()), "cpu")
    parts = [pooled(model(chunk.to(device), mode="tensor")[-1], extra).cpu() for chunk in images.split(256)]
    model.train(training)
    return torch.cat(parts)


def accuracies(model: nn.Module, method: Method, data: str, splits: tuple[str, str]) -> tuple[float, float]:
    """Return the percentages of pictures whose nearest neighbours have their class.

    Args:
        model: The model.
        method: How it takes the pictures.
        data: The pictures.
        splits: Of the neighbours, and of the pictures that are judged.

    Returns:
        With all neighbours; and with ``LABELS`` of each class, the mean of ``DRAWS`` draws.
    """
    (known, classes), (images, truth) = (batch(data, part, method.side, method.channels) for part in splits)
    bank, queries = features(model, known), features(model, images)

    def right(chosen: Tensor) -> float:
        scores = knn_scores(queries, bank[chosen], classes[chosen], 10, ks=(10,), temperature=0.07)[10]
        return 100 * float((scores.argmax(dim=1) == truth).float().mean())

    generator = torch.Generator().manual_seed(0)
    orders = [torch.randperm(len(classes), generator=generator) for _ in range(DRAWS)]
    few = [
        right(torch.cat([order[classes[order] == label][:LABELS] for label in range(10)])) for order in orders
    ]
    return right(torch.arange(len(classes))), sum(few) / DRAWS


def random_accuracies(
    cfg: Row, method: Method, data: str, seed: int, splits: tuple[str, str]
) -> tuple[float, float]:
    """Return the mean of ``RANDOM`` networks with random weights, also where a method starts from others."""
    backbone = dict(cfg["model"]["backbone"])
    if (backbone.get("init_cfg") or {}).get("type") == "Pretrained":
        del backbone["init_cfg"]
    found = []
    for draw in range(RANDOM):
        torch.manual_seed(RANDOM * seed + draw)
        model = MODELS.build({**cfg["model"], "backbone": backbone})
        model.init_weights()
        model.to(cfg["device"])
        found.append(accuracies(model, method, data, splits))
    knn, few = zip(*found)
    return sum(knn) / RANDOM, sum(few) / RANDOM


def measure(
    method: Method,
    data: str,
    network: str,
    iters: int,
    seed: int,
    ask: Ask,
    splits: tuple[str, str],
    device: str = "cpu",
) -> Row:
    """Train; return the accuracies, seconds of CPU, and what the doctor said."""
    with tempfile.TemporaryDirectory() as folder:
        cfg = run_config(method, folder, iters, seed, network, data, ask, splits[0], device)
        random = random_accuracies(cfg, method, data, seed, splits)
        runner = Runner.from_cfg(Config({**cfg, "custom_hooks": [{"type": "CollapseDoctorHook"}]}))
        torch.manual_seed(seed)
        runner.model.init_weights()
        runner.model.to(device)
        begins, start, said = accuracies(runner.model, method, data, splits), process_time(), ""
        try:
            runner.train()
        except TrainingError as error:
            said = error.message
        seconds = process_time() - start
        trained = accuracies(runner.model, method, data, splits)
    row: Row = {"iters": runner.iter, "seconds": seconds, "doctor": said}
    for name, (knn, few) in {"random": random, "start": begins, "trained": trained}.items():
        row |= {name: knn, f"{name}_few": few}
    return row


def table(rows: list[Row], data: str) -> str:
    """Return the runs as a table, with the mean of the seeds and their range."""
    count = len(pictures(data, "train")[1])
    lines = [
        "| method | backbone | epochs | batch | random | trained | gain | random, few | gain, few | CPU |"
    ]
    lines.append("| --- " * 10 + "|")
    kinds = dict.fromkeys((row["method"], row["network"], row["teacher"]) for row in rows)
    passed: dict[str, int] = dict.fromkeys(("", "_few"), 0)
    said = []
    for kind in kinds:
        runs = [row for row in rows if (row["method"], row["network"], row["teacher"]) == kind]
        epochs = runs[0]["iters"] / (count // runs[0]["batch"])
        seconds = sum(row["seconds"] for row in runs) / len(runs)
        alarms = [f"{kind[0]}, seed {row['seed']}: {row['doctor']}" for row in runs if row["doctor"]]
        said += alarms
        gains = {some: [row[f"trained{some}"] - row[f"random{some}"] for row in runs] for some in passed}
        for some, values in gains.items():
            passed[some] += min(values) >= MARGIN and not alarms
        random, few = (spread([row[key] for row in runs]) for key in ("random", "random_few"))
        lines.append(
            f"| {', from '.join(filter(None, (kind[0], kind[2])))} | {kind[1]} | {epochs:.0f} "
            f"| {runs[0]['batch']} | {random} | {spread([row['trained'] for row in runs])} "
            f"| {spread(gains[''])} | {few} | {spread(gains['_few'])} | {seconds:.0f} s |"
        )
    lines.append(
        f"\n{passed['']} of {len(kinds)} methods beat random weights by {MARGIN:.0f} points in each run, "
        f"{passed['_few']} with {LABELS} labelled pictures of a class"
    )
    return "\n".join([*lines, *(said or ["The collapse doctor kept quiet"])])


def spread(values: list[float]) -> str:
    """Return the mean, and the range if there are several."""
    mean = f"{sum(values) / len(values):.1f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.1f} to {max(values):.1f})"


def chosen_method(name: str) -> Method:
    """Return a method, or how a stand-in is trained."""
    return METHODS[name] if name in METHODS else TEACHERS[name][0]


def key_of(args: argparse.Namespace, name: str, seed: int) -> Row:
    """Return what tells a run from others."""
    method = chosen_method(name)
    teacher = "random weights" if method.teacher and args.untrained_teachers else method.teacher
    return {
        "method": name, "data": args.data.partition("=")[0], "seed": seed, "asked": args.epochs,
        "network": method.network or NETWORKS[args.network].about, "teacher": teacher,
        "judged": (TUNE if args.tune else TABLE)[1], "device": args.device,
    }  # fmt: skip


def one_run(args: argparse.Namespace, name: str, seed: int, folder: Path) -> Row:
    """Do one run, whose stand-ins are kept in a folder; return its row."""
    warnings.filterwarnings("ignore", category=UserWarning)
    method, splits = chosen_method(name), TUNE if args.tune else TABLE
    epochs = None if args.untrained_teachers else min(args.epochs, TEACHER_EPOCHS)
    ask = Teachers(folder, epochs, seed, args.data, splits[0], args.device)
    iters = iterations(method, args.epochs)
    found = measure(method, args.data, args.network, iters, seed, ask, splits, args.device)
    return {**key_of(args, name, seed), "batch": method.batch, **found}


def run_all(args: argparse.Namespace) -> list[Row]:
    """Run what is not in the file of results yet; return all rows that were asked for, but failed ones."""
    known: list[Row] = json.loads(args.out.read_text()) if args.out and args.out.exists() else []
    wanted = [(name, seed) for seed in range(args.seed, args.seed + args.seeds) for name in args.methods]

    def row_of(name: str, seed: int) -> Row | None:
        key = key_of(args, name, seed)
        return next((row for row in known if key.items() <= row.items()), None)

    with tempfile.TemporaryDirectory() as folder:
        calls = {}
        for name, seed in wanted:
            if row_of(name, seed) is None:
                # Processes do not wait for each other's stand-ins: the same seed gives the same weights.
                own = str(seed) if args.jobs == 1 else f"{seed}-{name}"
                calls[name, seed] = (args, name, seed, Path(folder, own))
        for (name, seed), future in results(args.jobs, one_run, calls):
            if error := future.exception():
                print(f"{name}, seed {seed}: failed with {error!r}", file=sys.stderr)
                continue
            row = future.result()
            known.append(row)
            if args.out:
                write_atomic(args.out, lambda file: file.write(json.dumps(known, indent=1).encode()))
            print(
                f"{name}, seed {seed}: {row['random']:.1f} to {row['trained']:.1f}, few labels "
                f"{row['random_few']:.1f} to {row['trained_few']:.1f}, {row['seconds']:.0f} s",
                file=sys.stderr,
            )
    return [row for name, seed in wanted if (row := row_of(name, seed))]


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
    parser.add_argument(
        "--tune", action="store_true", help="train on 4/5 of the training pictures, judge on 1/5"
    )
    parser.add_argument(
        "--untrained-teachers", action="store_true", help="stand-ins keep their random weights"
    )
    parser.add_argument("--jobs", type=int, default=1, help="how many runs at once, each in a process")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--out", type=Path, help="JSON file of results, added to")
    args = parser.parse_args()
    if unknown := [name for name in args.methods if name not in {**METHODS, **TEACHERS}]:
        parser.error(f"there is no method {unknown[0]!r}; there are: {', '.join(METHODS)}")
    try:
        pictures(args.data, "val")
    except DataError as error:
        parser.error(f"{error.message} {error.hint}")
    if args.jobs < 1:
        parser.error(f"--jobs is {args.jobs}; give 1 or more")
    rows = run_all(args)
    print(table(rows, args.data))
    if len(rows) < len(args.methods) * args.seeds:
        sys.exit(1)


if __name__ == "__main__":
    main()
