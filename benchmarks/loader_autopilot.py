"""The loader that tunes itself, against twenty-two settings that are chosen by hand.

    python benchmarks/loader_autopilot.py              # photos in files, a tiny model: about 3 minutes
    python benchmarks/loader_autopilot.py --data raw --model heavy
    python benchmarks/loader_autopilot.py --choices    # what it chooses in seven situations: about 2 minutes

All loaders live in one process and feed one model. The loader that tunes itself chooses first. Then every
loader trains for half a second in turns, so that a busy machine slows all of them; between its turns a loader
rests, as its workers wait with full hands. The best setting is taken from one half of the rounds, and
compared with the tuned loader in the other half: taken from the same rounds, the luckiest of 22 would win.

``--results FILE`` keeps the rounds, and a later call with the same file adds to them. ``busy`` is how much
longer a fixed computation took than its processor time: on a quiet machine 1.0. Asked: within 5 % of the
best.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

from data_pipeline import PIPELINES, make_images, pack_images
from environments import environment

BATCH, IMAGES = 16, 64
#: How long a loader trains in a round, in seconds, and at least so many batches.
TURN, TURN_BATCHES = 0.5, 4
#: Workers, batches that each prepares ahead, and the cache.
AHEAD = (1, 2, 3, 4, 8)
SETTINGS: list[tuple[int, int, str | None]] = [
    (workers, ahead, cache)
    for cache in (None, "ram")
    for workers in (0, 1, 2)
    for ahead in (AHEAD if workers else (2,))
]
#: Situations for ``--choices``: cores, data, model.
SITUATIONS = [
    (1, "files", "tiny"),
    (2, "files", "tiny"),
    (2, "files", "heavy"),
    (1, "raw", "tiny"),
    (2, "raw", "tiny"),
    (2, "raw", "heavy"),
    (2, "cached", "tiny"),
]
Line = dict[str, Any]


def build(folder: str, data: str, workers: int, ahead: int, cache: str | None, tune: str | None) -> Any:
    """A training loader over the images of a folder, or of a pack."""
    from mmpretrain.engine.runner import Runner

    options: dict[str, Any] = {"num_workers": workers, "persistent_workers": workers > 0, "tune": tune}
    if workers:
        options["prefetch_factor"] = ahead
    dataset: dict[str, Any] = {"type": "CustomDataset", "data_prefix": folder, "with_label": False}
    if data == "raw":
        dataset = {"type": "PackedDataset", "data_root": folder}
    dataset |= {"pipeline": PIPELINES["train"], "cache": "ram" if data == "cached" else cache}
    sampler = {"type": "InfiniteSampler", "shuffle": True}
    collate = {"type": "default_collate"}
    options |= {"dataset": dataset, "batch_size": BATCH, "sampler": sampler, "collate_fn": collate}
    return Runner.build_dataloader(options, seed=0)


def make_step(model: str) -> Callable[[Any], None]:
    """Return what trains a network on a batch: ``tiny`` takes a few milliseconds, ``heavy`` some dozens."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    width, stride = (16, 8) if model == "tiny" else (64, 3)
    net = nn.Sequential(
        nn.Conv2d(3, width, 7, stride), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10)
    )
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)

    def step(batch: Any) -> None:
        loss = net(batch["inputs"].float() / 255).logsumexp(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def busy() -> float:
    """Time that passes during a computation, over the processor time that it takes."""
    start, own = time.perf_counter(), time.process_time()
    sum(range(2_000_000))
    return (time.perf_counter() - start) / (time.process_time() - own)


class Driver:
    """A loader that feeds a model.

    Args:
        loader: The loader.
        step: Trains on a batch.
    """

    def __init__(self, loader: Any, step: Callable[[Any], None]) -> None:
        self.loader, self.step = loader, step
        self.stream: Iterator[Any] = iter(loader)

    def tune(self) -> dict[str, Any]:
        """Train until the loader has found its settings, and return them."""
        while not self.loader._told:
            self.step(next(self.stream))
        workers, ahead = self.loader.pilot.current
        return {"workers": workers, "ahead": ahead, "cache": self.loader.dataset.cache}

    def train(self, seconds: float, batches: int) -> float:
        """Train for a while, and return the seconds that a batch took."""
        count, start = 0, time.perf_counter()
        while count < batches or time.perf_counter() - start < seconds:
            self.step(next(self.stream))
            count += 1
        return (time.perf_counter() - start) / count

    def turn(self, ahead: int) -> float:
        """The seconds of a batch, after those that were prepared meanwhile."""
        for _ in range(1 + ahead):
            self.step(next(self.stream))
        return self.train(TURN, TURN_BATCHES)


def serve(folder: str, data: str, model: str, rounds: int) -> None:
    """Let the loader choose, and time all of them in turns; each line of the output is a JSON object."""
    import torch

    from mmpretrain.utils.env import apply_switches

    torch.set_num_threads(1)
    apply_switches({})
    step = make_step(model)
    tuned = Driver(build(folder, data, 0, 2, None, "auto"), step)
    chosen = tuned.tune()
    tried = [[*trial.setting, trial.seconds] for trial in tuned.loader.pilot.trials]
    print(json.dumps({"chosen": chosen, "tried": tried}))
    if not rounds:
        return
    drivers = {"auto": (tuned, chosen["workers"] * chosen["ahead"])}
    for setting in SETTINGS:
        driver = Driver(build(folder, data, *setting, None), step)
        driver.train(0, IMAGES // BATCH + 1)  # fills the cache
        drivers[json.dumps(setting)] = driver, setting[0] * setting[1]
    names = list(drivers)
    for number in range(rounds):
        first = number * len(names) // rounds  # each round begins elsewhere: the first turns are often slower
        load, times = busy(), {}
        for name in names[first:] + names[:first]:
            driver, ahead = drivers[name]
            times[name] = driver.turn(ahead)
        print(json.dumps({"busy": (load + busy()) / 2, "seconds": times}), flush=True)


def ask(folder: Path, data: str, model: str, rounds: int, cores: int | None = None) -> Iterator[Line]:
    """Run this script in a process of its own, and yield the lines that it prints."""
    command = [sys.executable, __file__, "--serve", str(folder), data, model, str(rounds)]
    variables = environment(sys.executable, OMP_NUM_THREADS="1", MMPRETRAIN_EXACT_PIXELS="1")
    if cores is not None:
        command = ["taskset", "--cpu-list", f"0-{cores - 1}", *command]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=variables
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("{"):
                yield json.loads(line)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")


def ratio(rounds: list[dict[str, float]]) -> float:
    """Time of the tuned loader over that of the best setting, which is chosen in other rounds."""
    found = []
    for first in (0, 1):
        choosing, judging = rounds[first::2], rounds[1 - first :: 2]
        names = [name for name in rounds[0] if name != "auto"]
        best = min(names, key=lambda name: median(turn[name] for turn in choosing))
        found.append(geometric_mean([turn["auto"] / turn[best] for turn in judging]))
    return geometric_mean(found)


def report(lines: list[Line]) -> None:
    """Print the times of all settings, and the ratio."""
    rounds = [line["seconds"] for line in lines if "seconds" in line]
    if len(rounds) < 2:
        raise SystemExit("Fewer than two rounds were timed.")
    chosen = [line["chosen"] for line in lines if "chosen" in line]
    typical = {name: median(turn[name] for turn in rounds) for name in rounds[0]}
    for name, seconds in sorted(typical.items(), key=lambda item: item[1]):
        text = f"tuned by itself: {chosen}"
        if name != "auto":
            workers, ahead, cache = json.loads(name)
            text = f"num_workers={workers}, prefetch_factor={ahead}, cache={cache!r}"
        print(f"{seconds * 1e3:7.1f} ms a batch of {BATCH}: {text}")
    load = median(line["busy"] for line in lines if "busy" in line)
    print(f"{len(rounds)} rounds, busy {load:.2f}: tuned / best = {ratio(rounds):.3f} (1.05 asked)")


def prepare(root: Path, data: str) -> Path:
    """Make the images, and the pack if one is asked for."""
    folder = root / "images"
    if not folder.exists():
        make_images(folder, IMAGES, 375, 500)
    return folder if data != "raw" else pack_images(folder, root / "raw", "raw")


def main() -> None:
    """Time the settings and compare, or show what the loader chooses."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", choices=("files", "raw", "cached"), default="files")
    parser.add_argument("--model", choices=("tiny", "heavy"), default="tiny")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--results", type=Path, help="file that keeps the rounds")
    parser.add_argument("--choices", action="store_true", help="show what is chosen in seven situations")
    parser.add_argument("--serve", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        folder, data, model, rounds = args.serve
        serve(folder, data, model, int(rounds))
        return
    with tempfile.TemporaryDirectory() as scratch:
        if args.choices:
            for cores, data, model in SITUATIONS:
                (line,) = ask(prepare(Path(scratch), data), data, model, 0, cores)
                tried = ", ".join(f"{w}/{a}: {s * 1e3:.1f} ms" for w, a, s in line["tried"])
                print(f"{cores} cores, {data}, {model} model: {line['chosen']}")
                print(f"    workers/ahead tried: {tried}", flush=True)
            return
        lines = []
        if args.results and args.results.exists():
            lines = [json.loads(line) for line in args.results.read_text().splitlines()]
        for line in ask(prepare(Path(scratch), args.data), args.data, args.model, args.rounds):
            lines.append(line)
            if args.results:
                with args.results.open("a") as file:
                    file.write(json.dumps(line) + "\n")
    report(lines)


if __name__ == "__main__":
    main()
