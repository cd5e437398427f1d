"""What a data set costs as it grows: index, memory, a record, and the first batch from two workers."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

import dataset_index

from quick.shared import runner_class, timed

COUNTS = (1_000_000, 4_000_000, 14_000_000)
READS = 100_000


def prepare(folder: Path) -> None:
    """Write annotations: a million lines, and again with other names."""
    million = folder / f"{COUNTS[0]}.txt"
    dataset_index.write_annotations(million, COUNTS[0])
    lines = million.read_bytes()
    for count in COUNTS[1:]:
        with (folder / f"{count}.txt").open("wb") as file:
            for number in range(count // COUNTS[0]):
                file.write(lines.replace(b"n0", b"n%d" % number))


def setup(library: str, folder: Path, count: int) -> Callable[[], dict[str, float]]:
    """Build the index of ``count`` samples; the process is new each time, as memory is measured."""
    import random

    from mmpretrain.datasets import CustomDataset

    one = folder / "one.txt"
    one.write_text("a.jpg 0\n")
    CustomDataset(data_prefix="data", ann_file=str(one))  # what is imported on first use

    def measure() -> dict[str, float]:
        before = dataset_index.resident()
        found: dict[str, float] = {}
        built: list[CustomDataset] = []

        def build() -> None:
            # No pipeline: the samples of the loader are records, so that no file is read.
            built.append(CustomDataset(data_prefix="data", ann_file=str(folder / f"{count}.txt")))

        found["build"] = timed(build)
        found["memory (MiB)"] = dataset_index.resident() - before
        found["peak (MiB)"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
        (dataset,) = built
        order = random.Random(0).sample(range(count), READS)
        found["read a record"] = timed(lambda: [dataset.get_data_info(index) for index in order]) / READS
        loader = {
            "batch_size": 64,
            "num_workers": 2,
            "dataset": dataset,
            "sampler": {"type": "DefaultSampler", "shuffle": True},
            "collate_fn": {"type": "pseudo_collate"},
        }
        found["first batch"] = timed(
            lambda: next(iter(runner_class(library).build_dataloader(loader, seed=0)))
        )
        return found

    return measure
