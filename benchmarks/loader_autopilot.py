"""The loader that tunes itself, against twenty settings that are chosen by hand.

    python benchmarks/loader_autopilot.py --images 400 --batches 60

A small network trains on made photos. The loader chooses; then each of twenty settings (0 to 4
workers, 1 to 8 batches ahead) is timed in a process of its own, and what the loader chose is one of them.
Asked: within 5 % of the best.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from data_pipeline import PIPELINES, make_images
from environments import environment

SETTINGS = [(workers, ahead) for workers in range(5) for ahead in (1, 2, 4, 8)]


def build(folder: str, workers: int, ahead: int, tune: str | None) -> Any:
    """A training loader over a folder of images."""
    from mmpretrain.engine.runner import Runner

    options: dict[str, Any] = {"num_workers": workers, "persistent_workers": workers > 0, "tune": tune}
    if workers:
        options["prefetch_factor"] = ahead
    dataset = {
        "type": "CustomDataset",
        "data_prefix": folder,
        "with_label": False,
        "pipeline": PIPELINES["train"],
    }
    sampler = {"type": "InfiniteSampler", "shuffle": True}
    collate = {"type": "default_collate"}
    return Runner.build_dataloader(
        {"dataset": dataset, "batch_size": 16, "sampler": sampler, "collate_fn": collate, **options}, seed=0
    )


def serve(folder: str, workers: int, ahead: int, tune: str | None, batches: int) -> None:
    """Train, and print the seconds a batch takes, and what was chosen."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 32, 7, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10)
    )
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)

    def step(batch: Any) -> None:
        loss = net(batch["inputs"].float() / 255).logsumexp(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    loader = build(folder, workers, ahead, tune)
    stream = iter(loader)
    if tune:
        while not loader.pilot.done:
            step(next(stream))
        setting = list(loader.pilot.current)
        print(json.dumps({"chosen": setting}), flush=True)
        return
    for _ in range(1 + workers * ahead):
        step(next(stream))
    start = time.perf_counter()
    for _ in range(batches):
        step(next(stream))
    print(json.dumps({"seconds": (time.perf_counter() - start) / batches}), flush=True)


def ask(*words: object) -> dict[str, Any]:
    """Run this script in a process of its own."""
    command = [sys.executable, __file__, "--serve", *map(str, words)]
    variables = environment(sys.executable, OMP_NUM_THREADS="1")
    done = subprocess.run(command, capture_output=True, text=True, env=variables, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Time the settings, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--serve", nargs=5, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        folder, workers, ahead, tune, batches = args.serve
        serve(folder, int(workers), int(ahead), None if tune == "none" else tune, int(batches))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = make_images(Path(scratch) / "images", args.images, 375, 500)
        chosen = tuple(ask(folder, 0, 2, "auto", 0)["chosen"])
        times: dict[tuple[int, ...], list[float]] = {}
        for _ in range(args.rounds):
            for setting in dict.fromkeys([*SETTINGS, chosen]):
                times.setdefault(setting, []).append(ask(folder, *setting, "none", args.batches)["seconds"])
    best = {setting: min(found) for setting, found in times.items()}
    for (workers, ahead), seconds in sorted(best.items(), key=lambda item: item[1]):
        mark = "  <- chosen by the loader" if (workers, ahead) == chosen else ""
        print(f"num_workers={workers}, prefetch_factor={ahead}: {seconds * 1e3:7.1f} ms a batch of 16{mark}")
    print(f"chosen / best: {best[chosen] / min(best.values()):.3f} (1.05 asked)")


if __name__ == "__main__":
    main()
