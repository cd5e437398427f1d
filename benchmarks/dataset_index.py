"""The index of a data set of the size of ImageNet: time to build, memory, sharing with workers, time to read.

An annotation file with 1.28 million lines is read by ``CustomDataset``, in a new process for each round;
with ``--reference``, the same measurement runs in turn under another Python that has MMPretrain 1.x::

    python benchmarks/dataset_index.py --reference /path/to/python/with/mmpretrain1
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from environments import environment

LINES = 1_281_167
READS = 200_000
WORKERS = (1, 2, 4)


def write_annotations(path: Path, lines: int = LINES) -> None:
    """Write lines like those of ImageNet's ``train.txt``."""
    rng = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for i in range(lines):
            label = i * 1000 // lines
            file.write(f"n{label:08d}/n{label:08d}_{rng.randrange(20_000)}.JPEG {label}\n")


def resident() -> float:
    """Resident memory of this process, MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def private() -> float:
    """Memory that this process shares with no other, MiB."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private")) / 1024


def read_all(dataset: Any, queue: Any) -> None:
    """Read every record, as a worker does in the course of an epoch, and report what that cost."""
    before = private()
    for index in range(0, len(dataset), 4):
        dataset.get_data_info(index)
    queue.put(private() - before)


def measure(annotations: str) -> dict[str, float]:
    """Take all figures of the ``mmpretrain`` that is installed for this Python."""
    from mmpretrain.datasets import CustomDataset

    one_line = Path(annotations).with_name("one.txt")
    one_line.write_text("a.jpg 0\n")
    CustomDataset(data_prefix="data", ann_file=str(one_line))  # what is imported on first use
    before, start = resident(), time.process_time()
    dataset = CustomDataset(data_prefix="data/imagenet/train", ann_file=annotations)
    figures = {"build_s": time.process_time() - start, "memory_MiB": resident() - before}
    order = random.Random(0).sample(range(len(dataset)), READS)
    start = time.process_time()
    for index in order:
        dataset.get_data_info(index)
    figures["read_us"] = 1e6 * (time.process_time() - start) / READS
    context = get_context("fork")
    for count in WORKERS:
        queue = context.Queue()
        workers = [context.Process(target=read_all, args=(dataset, queue)) for _ in range(count)]
        for worker in workers:
            worker.start()
        figures[f"private_MiB_{count}_workers"] = sum(queue.get() for _ in workers)
        for worker in workers:
            worker.join()
    return figures


def in_process(python: str, annotations: Path) -> dict[str, float]:
    """Measure under ``python``, in a new process."""
    command = [python, "-W", "ignore", __file__, "--measure", str(annotations)]
    options: Any = {"cwd": annotations.parent, "env": environment(python, OMP_NUM_THREADS="1")}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--reference", metavar="PYTHON", help="A Python that has MMPretrain 1.x.")
    parser.add_argument("--rounds", type=int, default=3, help="The median counts.")
    parser.add_argument("--measure", metavar="FILE", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure)))
        return
    pythons = {"here": sys.executable, **({"reference": args.reference} if args.reference else {})}
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in pythons}
    with tempfile.TemporaryDirectory() as folder:
        annotations = Path(folder) / "train.txt"
        write_annotations(annotations)
        for _ in range(args.rounds):
            for name, python in pythons.items():
                rounds[name].append(in_process(python, annotations))
    medians = {
        name: {key: statistics.median(each[key] for each in measured) for key in measured[0]}
        for name, measured in rounds.items()
    }
    print(f"{'':<22}" + "".join(f"{name:>12}" for name in medians))
    for key in medians["here"]:
        row = [figures[key] for figures in medians.values()]
        ratio = f"{row[1] / row[0]:>8.1f}x" if len(row) > 1 and row[0] > 0.5 else ""
        print(f"{key:<22}" + "".join(f"{value:>12.2f}" for value in row) + ratio)


if __name__ == "__main__":
    main()
