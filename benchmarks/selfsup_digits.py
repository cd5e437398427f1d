"""Does each self-supervised method learn? Nearest neighbours in its features, before and after training.

A narrow ResNet-18 or a Vision Transformer of four layers is trained on the 1,442 training digits that ship
with the package, without labels. Then each of the 355 others gets the class of its 10 nearest neighbours
(weighted, T = 0.07). A method that does not beat the same backbone with random weights by ``MARGIN`` is
faulty until shown otherwise. The collapse doctor watches, and must keep quiet::

    python benchmarks/selfsup_digits.py                       # all methods
    python benchmarks/selfsup_digits.py SimCLR MAE --iters 300
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from time import process_time
from typing import Any

import cv2
import torch
from digits_methods import METHODS, PREPROCESSOR, SIDE, run_config
from torch import Tensor, nn

from mmpretrain.config import Config
from mmpretrain.datasets.digits import load_digits
from mmpretrain.engine.runner import Runner
from mmpretrain.errors import TrainingError
from mmpretrain.evaluation.functional import knn_scores, pooled

MARGIN = 3.0


def digits(split: str) -> tuple[Tensor, Tensor]:
    """Return normalised images (N, 1, H, W) and labels (N,) of a split."""
    images, labels = load_digits(split)
    resized = [cv2.resize(cv2.resize(image, (32, 32)), (SIDE, SIDE)) for image in images]
    stacked = torch.stack([torch.from_numpy(image).float() for image in resized])[:, None]
    return (stacked - PREPROCESSOR["mean"][0]) / PREPROCESSOR["std"][0], torch.from_numpy(labels)


@torch.no_grad()
def features(model: Any, images: Tensor) -> Tensor:
    """Return features (N, C) of the last stage."""
    training = model.training
    model.eval()
    parts = [pooled(model(chunk, mode="tensor")[-1]) for chunk in images.split(256)]
    model.train(training)
    return torch.cat(parts)


def accuracy(model: nn.Module, data: dict[str, tuple[Tensor, Tensor]]) -> float:
    """Return the percentage of held-out digits whose nearest neighbours have their class."""
    bank, queries = (features(model, data[split][0]) for split in ("train", "val"))
    scores = knn_scores(queries, bank, data["train"][1], 10, ks=(10,), temperature=0.07)[10]
    return 100 * float((scores.argmax(dim=1) == data["val"][1]).float().mean())


def measure(method: str, data: dict[str, tuple[Tensor, Tensor]], iters: int | None, seed: int) -> list[Any]:
    """Train; return accuracies before and after, seconds of CPU, and what the doctor said."""
    with tempfile.TemporaryDirectory() as folder:
        cfg = run_config(method, folder, iters, seed)
        runner = Runner.from_cfg(Config({**cfg, "custom_hooks": [{"type": "CollapseDoctorHook"}]}))
        torch.manual_seed(seed)
        runner.model.init_weights()
        before, start, said = accuracy(runner.model, data), process_time(), ""
        try:
            runner.train()
        except TrainingError as error:
            said = error.message
        return [before, accuracy(runner.model, data), runner.iter, process_time() - start, said]


def main() -> None:
    """Run, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("methods", nargs="*", default=list(METHODS))
    parser.add_argument("--iters", type=int, help="by default what the kind of method needs")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)
    torch.set_num_threads(1)
    data = {split: digits(split) for split in ("train", "val")}
    print(
        "| method | kNN, random weights | kNN, trained | iterations | CPU | doctor |\n| --- "
        + "| --- " * 5
        + "|"
    )
    passed = 0
    for method in args.methods:
        before, after, iters, seconds, said = measure(method, data, args.iters, args.seed)
        passed += after - before >= MARGIN
        print(
            f"| {method} | {before:.1f} | {after:.1f} | {iters} | {seconds:.0f} s | {said or 'quiet'} |",
            flush=True,
        )
    print(f"{passed} of {len(args.methods)} methods beat random weights by {MARGIN} points")


if __name__ == "__main__":
    main()
