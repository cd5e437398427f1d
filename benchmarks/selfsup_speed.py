"""A training step of each self-supervised method, against MMPretrain 1.2 in the same run.

Both train the small models whose numbers the tests compare, on the same images, with plain SGD. Steps of both
are timed alternately, in CPU time. The table has the medians, and the median ratio of the rounds (above 1
is faster than 1.2)::

    python benchmarks/selfsup_speed.py --reference /path/to/python/with/mmpretrain
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

CASES = Path(__file__).parents[1] / "tests" / "models" / "selfsup" / "data" / "selfsup.json.gz"


def prepare(case: dict[str, Any]) -> Any:
    """Return a function that does one training step of a recorded case; runs under both packages."""
    import torch

    try:
        from mmengine.logging import MessageHub  # type: ignore[import-not-found]
        from mmengine.registry import init_default_scope  # type: ignore[import-not-found]

        init_default_scope("mmpretrain")
        MessageHub.get_current_instance().update_info("max_iters", 10**6)
    except ImportError:
        pass
    import mmpretrain.models  # noqa: F401
    from mmpretrain.registry import MODELS
    from mmpretrain.structures import DataSample

    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = MODELS.build(case["model"])
    model.init_weights()
    model.train()
    for module in model.modules():
        if hasattr(module, "set_max_iters"):
            module.set_max_iters(10**6)
    views = case["views"]
    sizes = [views] if isinstance(views, int) else [size for size, count in views for _ in range(count)]
    inputs: Any = [torch.randn(case["batch"], 3, size, size) for size in sizes]
    inputs = inputs[0] if isinstance(views, int) else inputs
    samples = [DataSample() for _ in range(case["batch"])]
    if "mask" in case:
        for sample in samples:
            mask = torch.zeros(case["mask"]["shape"]).flatten()
            mask[: case["mask"]["n"]] = 1
            kind = getattr(torch, case["mask"].get("as", "float32"))
            sample.set_mask(mask.view(case["mask"]["shape"]).to(kind))
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1e-4)

    def step() -> None:
        total, _ = model.parse_losses(model(inputs, samples, mode="loss"))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()

    return step


def worker() -> None:
    """Prepare the cases that come in on lines of JSON; time ``count`` steps for each line with a name."""
    steps: dict[str, Any] = {}
    for line in sys.stdin:
        order = json.loads(line)
        if "case" in order:
            try:
                steps[order["name"]] = prepare(order["case"])
                steps[order["name"]]()
                answer: Any = "ready"
            except Exception as error:
                answer = f"{type(error).__name__}: {error}"
        else:
            start = time.process_time()
            for _ in range(order["count"]):
                steps[order["name"]]()
            answer = (time.process_time() - start) / order["count"]
        sys.stdout.write(json.dumps({"answer": answer}) + "\n")
        sys.stdout.flush()


class Worker:
    """A process that times steps under one Python."""

    def __init__(self, python: str) -> None:
        from environments import environment

        self.process = subprocess.Popen(
            [python, __file__, "--worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL, env=environment(python, OMP_NUM_THREADS="1"), cwd="/",
        )  # fmt: skip

    def ask(self, **order: Any) -> Any:
        """Send an order and return the answer; other lines that a package prints are passed over."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith('{"answer"'):
                return json.loads(line)["answer"]
        raise RuntimeError(f"{self.process.args} ended")


def main() -> None:
    """Run, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reference", help="a Python with MMPretrain 1.2")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--names", nargs="*")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        worker()
        return
    if args.reference is None:
        parser.error("--reference is needed: the path of a Python with MMPretrain 1.2")
    cases = json.loads(gzip.decompress(CASES.read_bytes()))["algorithms"]
    workers = [Worker(sys.executable), Worker(args.reference)]
    print("| method | ours, ms | 1.2, ms | ratio |\n| --- | --- | --- | --- |")
    for name in args.names or cases:
        case = cases[name]["case"]
        if '"clip"' in json.dumps(case):
            continue  # needs a checkpoint of CLIP
        ready = [one.ask(name=name, case=case) for one in workers]
        if ready != ["ready", "ready"]:
            print(f"| {name} | {ready[0]} | {ready[1]} | |", flush=True)
            continue
        rows = [[one.ask(name=name, count=3) for one in workers] for _ in range(args.rounds)]
        ours, theirs = (1000 * median(column) for column in zip(*rows))
        ratio = median(row[1] / row[0] for row in rows)
        print(f"| {name} | {ours:.1f} | {theirs:.1f} | {ratio:.2f} |", flush=True)
    for one in workers:
        one.process.terminate()


if __name__ == "__main__":
    main()
