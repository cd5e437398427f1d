"""What the engine adds to a training iteration, over the same loop written by hand.

A tiny model and a batch in memory leave nothing but the engine to measure. With ``--reference``
the same measurement runs alternately under another Python that has MMEngine; the last line is the ratio of
the medians::

    python benchmarks/engine_overhead.py --reference /path/to/python/with/mmengine
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import torch
from environments import environment
from torch import nn
from torch.utils.data import DataLoader

ITERATIONS = 600
NUMBERS = itertools.count()


class Batches(DataLoader):
    """The same batch again and again; notes when each one is asked for."""

    def __init__(self) -> None:
        super().__init__(list(range(4 * ITERATIONS)), batch_size=4)  # type: ignore[arg-type]
        self.batch = {"inputs": torch.randn(4, 8), "data_samples": None}
        self.asked: list[float] = []

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        self.asked = []
        for _ in range(ITERATIONS):
            self.asked.append(process_time())
            yield self.batch

    def mean(self) -> float:
        """Microseconds of CPU of an iteration, without the warm-up; other processes do not count."""
        return 1e6 * (self.asked[-1] - self.asked[50]) / (len(self.asked) - 51)


class Net(nn.Module):
    """A linear layer and a loss."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 2)

    def forward(self, inputs: torch.Tensor, data_samples: Any = None, mode: str = "loss") -> Any:
        return {"loss": self.fc(inputs).square().mean()}


def by_hand() -> float:
    """The loop without an engine."""
    model, batches = Net(), Batches()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, ITERATIONS)
    model.train()
    for batch in batches:
        loss = model(**batch)["loss"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        scheduler.step()
    return batches.mean()


def run_engine(runner_class: Any, base: Any, **changes: Any) -> float:
    """The loop of an engine with its usual hooks."""

    class Model(base):
        def __init__(self) -> None:
            super().__init__()
            self.net = Net()

        def forward(self, inputs: torch.Tensor, data_samples: Any = None, mode: str = "loss") -> Any:
            return self.net(inputs)

    batches = Batches()
    with tempfile.TemporaryDirectory() as folder:
        runner = runner_class(
            model=Model(),
            work_dir=folder,
            train_dataloader=batches,
            train_cfg={"by_epoch": True, "max_epochs": 1},
            optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.01, "momentum": 0.9}},
            param_scheduler={"type": "CosineAnnealingLR", "by_epoch": False, "T_max": ITERATIONS},
            default_hooks={
                "checkpoint": {"type": "CheckpointHook", "interval": -1, "save_last": False},
            },
            log_level="ERROR",
            randomness={"seed": 0},
            # MMEngine would take the visualizer, and its folder, of a run of the same second.
            experiment_name=f"overhead_{next(NUMBERS)}",
            **changes,
        )
        runner.train()
    return batches.mean()


def engine() -> Callable[[], float]:
    """Return the measurement of the engine that this Python has."""
    try:
        import mmpretrain.engine.runner as ours
        from mmpretrain.models.base import BaseModel
    except ImportError:
        import mmengine.model as model  # type: ignore[import-not-found]
        import mmengine.runner as theirs  # type: ignore[import-not-found]

        return lambda: run_engine(theirs.Runner, model.BaseModel)
    return lambda: run_engine(ours.Runner, BaseModel)


class Rival:
    """The same measurement under another Python, a round whenever it is asked for one.

    Args:
        python: The interpreter.
    """

    def __init__(self, python: str) -> None:
        command = [python, "-W", "ignore", str(Path(__file__).resolve()), "--serve"]
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, cwd=tempfile.gettempdir(), env=environment(python), **pipes)

    def round(self) -> dict[str, float]:
        """Measure once."""
        asked, answers = self.process.stdin, self.process.stdout
        if asked is None or answers is None:
            raise SystemExit("The other Python was started without pipes")
        asked.write("\n")
        asked.flush()
        for line in answers:
            if line.startswith("{"):  # the engines print as well
                return json.loads(line)
        raise SystemExit(f"{self.process.args!r} ended with {self.process.wait()}")


def one_round(with_engine: Callable[[], float]) -> dict[str, float]:
    """Measure the loop by hand and the engine, one right after the other."""
    hand = by_hand()
    return {"by hand": hand, "overhead": with_engine() - hand}


def serve() -> None:
    """Measure once for each line of the input."""
    with_engine = engine()
    for _ in sys.stdin:
        print(json.dumps(one_round(with_engine)), flush=True)


def report(name: str, rounds: list[dict[str, float]]) -> float:
    """Print the medians, and return that of the overhead."""
    medians = {key: median(item[key] for item in rounds) for key in rounds[0]}
    print(f"{name:<12}", "  ".join(f"{key} {value:6.1f} us" for key, value in medians.items()))
    return medians["overhead"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", help="a Python that has MMEngine and not this package")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # both loops on the CPU
    if args.serve:
        serve()
        return
    with_engine = engine()
    rival = Rival(args.reference) if args.reference else None
    ours, theirs = [], []
    for _ in range(args.rounds + 1):
        ours.append(one_round(with_engine))
        if rival:
            theirs.append(rival.round())
    overhead = report("mmpretrain", ours[1:])  # the first round warms up
    if rival:
        print(f"ratio of the overheads: {overhead / report('MMEngine', theirs[1:]):.2f}")


if __name__ == "__main__":
    main()
