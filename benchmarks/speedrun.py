"""Seconds of training, and accuracy, of a config that is made to be fast; one run for each seed.

    python benchmarks/speedrun.py                              # CIFAR-10 in data/cifar10, on a GPU
    python benchmarks/speedrun.py CONFIG --seeds 5

Seconds are those of ``Runner.train``: workers start, the first layer is whitened, all epochs, and the test at
the end. The first run also waits until the libraries of the device are loaded; a new process starts within a
few seconds. The accuracies are those of the trained weights, without and with the config's augmentation.
"""

from __future__ import annotations

import argparse
import tempfile
from copy import deepcopy
from statistics import mean
from time import perf_counter

import torch

from mmpretrain.cli.overrides import enable_tta
from mmpretrain.config import Config
from mmpretrain.config.zoo import find_config
from mmpretrain.engine.runner import Runner

CONFIG = "speedrun/cifar10_airbench"


def wait() -> None:
    """Wait until the device has done its work."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def one_run(cfg: Config, seed: int) -> tuple[float, float, float]:
    """Return seconds of training, and the percentages that are right without and with augmentation."""
    with tempfile.TemporaryDirectory() as folder:
        cfg = deepcopy(cfg)
        cfg.merge_from_dict({"work_dir": folder, "randomness": {"seed": seed}, "log_level": "ERROR"})
        runner = Runner.from_cfg(deepcopy(cfg))
        wait()
        start = perf_counter()
        runner.train()
        wait()
        seconds = perf_counter() - start
        plain = float(runner.state.metrics["accuracy/top1"])
        enable_tta(cfg)
        tester = Runner.from_cfg(cfg)
        tester.model.module.load_state_dict(runner.model.state_dict())
        return seconds, plain, float(tester.test()["accuracy/top1"])


def main() -> None:
    """Run, and print a line for each seed and the means."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", nargs="?", default=CONFIG)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    cfg = Config.fromfile(find_config(args.config))
    runs = []
    for seed in range(args.seeds):
        runs.append(one_run(cfg, seed))
        print("seed {}: {:.1f} s, accuracy {:.2f} %, with TTA {:.2f} %".format(seed, *runs[-1]), flush=True)
    seconds, plain, augmented = (mean(column) for column in zip(*(runs[1:] or runs)))
    print(f"mean without the first: {seconds:.1f} s, accuracy {plain:.2f} %, with TTA {augmented:.2f} %")


if __name__ == "__main__":
    main()
