"""How long it takes to load the configs of the whole zoo, here and with MMEngine in the same process.

Usage: ``python benchmarks/config_speed.py [--rounds 3]``. MMEngine is measured where it is installed. The
rounds of both alternate; the figure is the median of the CPU time of a round. Nothing is kept between rounds.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmpretrain.config import Config
from mmpretrain.config.python import compile_config

ZOO = Path(__file__).parents[1] / "configs"


def measure(load: Callable[[str], Any], files: list[str]) -> float:
    """Return the CPU time to load all files."""
    compile_config.cache_clear()
    start = time.process_time()
    for file in files:
        load(file)
    return time.process_time() - start


def cold_show(name: str = "resnet50_8xb32_in1k") -> float:
    """Return the time that ``mmpretrain config show`` takes in a new process."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "mmpretrain", "config", "show", name]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Print one line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    files = sorted(map(str, ZOO.rglob("*.py")))
    loaders: dict[str, Callable[[str], Any]] = {
        "mmpretrain": lambda file: Config.fromfile(file, import_custom_modules=False)
    }
    if importlib.util.find_spec("mmengine") is not None:
        other = importlib.import_module("mmengine.config").Config
        loaders["mmengine"] = lambda file: other.fromfile(file, import_custom_modules=False)
    times: dict[str, list[float]] = {name: [] for name in loaders}
    for _ in range(rounds):
        for name, load in loaders.items():
            times[name].append(measure(load, files))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, seconds in medians.items():
        print(f"{name}: {seconds:.2f} s for {len(files)} files, {seconds / len(files) * 1e3:.2f} ms a file")
    if "mmengine" in medians:
        print(f"ratio: {medians['mmengine'] / medians['mmpretrain']:.1f}")
    if importlib.util.find_spec("typer") is not None:
        print(f"cold `mmpretrain config show`: {min(cold_show() for _ in range(5)):.2f} s")


if __name__ == "__main__":
    main()
