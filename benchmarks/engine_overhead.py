"""What the engine adds to a training iteration, over the same loop written by hand.

A tiny model and a batch in memory leave nothing but the engine to measure. With ``--reference``
the same measurement runs alternately under another Python that has MMEngine; the last line has the median
ratio of the rounds::

    python benchmarks/engine_overhead.py --reference /path/to/python/with/mmengine
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader
from turns import Contender, Ratio

ITERATIONS, BLOCK = 600, 50
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
        """Microseconds of CPU of an iteration: the median of the means of blocks, without the warm-up.

        A block holds five lines of the log. A mean of all iterations is off by more than the overhead when
        the machine does something else in one of them.
        """
        blocks = itertools.pairwise(self.asked[BLOCK::BLOCK])
        return median(1e6 * (end - start) / BLOCK for start, end in blocks)


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


def one_round(with_engine: Callable[[], float]) -> dict[str, float]:
    """Measure the loop by hand and the engine, one right after the other."""
    hand = by_hand()
    return {"by hand": hand, "overhead": with_engine() - hand}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", help="a Python that has MMEngine and not this package")
    parser.add_argument("--rounds", type=int, default=25)
    args = parser.parse_args()
    torch.set_num_threads(1)
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # both loops on the CPU
    with_engine = engine()
    one_round(with_engine)  # warms up
    ours: list[dict[str, float]] = []
    theirs: list[float] = []
    with ExitStack() as stack:
        rival: Contender | None = None
        if args.reference:
            rival = stack.enter_context(
                Contender(args.reference, "mmpretrain-1", "overhead", Path(tempfile.gettempdir()))
            )
        for _ in range(args.rounds):
            ours.append(one_round(with_engine))
            if rival:
                theirs.append(1e6 * rival.figures()["an iteration"])
    for key in ours[0]:
        print(f"mmpretrain, {key:<9} {median(item[key] for item in ours):6.1f} us")
    if theirs:
        ratio = Ratio.of(theirs, [item["overhead"] for item in ours])
        print(f"MMEngine, overhead   {median(theirs):6.1f} us: {ratio} times ours")


if __name__ == "__main__":
    main()
