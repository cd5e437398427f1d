"""Images per second of the inferencer on a folder of JPEGs, against MMPretrain 1.2.

    python benchmarks/inferencer.py --reference /path/to/python/with/mmpretrain-1.2

ResNet-18, batches of 32. Both run in turns in the same session; the median of the rounds' ratios is printed,
and their range. ``--memory N`` streams N images and prints the resident memory on the way.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

MODEL = "resnet18_8xb32_in1k"
READY = "ready"


def write_images(folder: Path, number: int, size: tuple[int, int]) -> None:
    """Write JPEGs with something like a photograph in them: smooth shapes and noise."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for index in range(number):
        coarse = Image.fromarray(rng.integers(0, 255, (12, 16, 3), np.uint8)).resize(
            size, Image.Resampling.BICUBIC
        )
        noisy = np.asarray(coarse, np.int16) + rng.normal(0, 8, (size[1], size[0], 1))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / f"{index:05d}.jpg", quality=90)


def serve(folder: str, batch_size: int) -> None:
    """In the process of a contender: predict the folder once for each line of input; print the seconds."""
    from mmpretrain import ImageClassificationInferencer

    inferencer = ImageClassificationInferencer(MODEL, pretrained=False, device="cpu")
    paths = sorted(map(str, Path(folder).glob("*.jpg")))
    if len(inferencer(paths, batch_size=batch_size)) != len(paths):  # warm up
        raise RuntimeError("results are missing")
    print(READY, flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        inferencer(paths, batch_size=batch_size)
        print(time.perf_counter() - start, flush=True)


class Contender:
    """A process that predicts when it is told to.

    Args:
        python: Its interpreter.
        folder: The images.
        batch_size: How many to run at once.
    """

    def __init__(self, python: str, folder: Path, batch_size: int) -> None:
        words = [python, os.path.abspath(__file__), "--serve", str(folder), "--batch-size", str(batch_size)]
        # From a neutral folder: each interpreter imports its own package.
        self.process: Any = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=folder,
        )
        while (line := self.process.stdout.readline().strip()) != READY:
            if not line and self.process.poll() is not None:
                raise RuntimeError(f"{python} ended with {self.process.returncode}")

    def seconds(self) -> float:
        """Predict once."""
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait()


def compare(reference: str, folder: Path, batch_size: int, rounds: int, number: int) -> dict[str, Any]:
    """Let both predict in turns, and return images per second and the ratios."""
    ours, theirs = (Contender(python, folder, batch_size) for python in (sys.executable, reference))
    times = [(ours.seconds(), theirs.seconds()) for _ in range(rounds)]
    ours.close()
    theirs.close()
    ratios = sorted(other / own for own, other in times)
    return {
        "ours": number / median(own for own, _ in times),
        "reference": number / median(other for _, other in times),
        "ratio": median(ratios),
        "range": (ratios[0], ratios[-1]),
    }


def memory(folder: Path, number: int, batch_size: int) -> None:
    """Stream images, the same ones again and again, and print the resident memory."""
    from itertools import cycle, islice

    from mmpretrain import ImageClassificationInferencer

    inferencer = ImageClassificationInferencer(
        MODEL, pretrained=False, device="cpu", backbone={"base_channels": 8}, head={"in_channels": 64}
    )
    paths = islice(cycle(sorted(map(str, folder.glob("*.jpg")))), number)
    for answer in inferencer.stream(paths, batch_size=batch_size):
        if answer.number % (number // 10) == number // 10 - 1:
            resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            print(f"{answer.number + 1:>7} images  {resident / 2**20:.0f} MiB", flush=True)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reference", metavar="PYTHON", help="An interpreter that has MMPretrain 1.2.")
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--size", type=int, nargs=2, default=(500, 375), metavar=("W", "H"))
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", type=int, metavar="N", help="Stream N images and print the memory.")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve, args.batch_size)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_images(folder, args.images, tuple(args.size))
        if args.memory:
            memory(folder, args.memory, args.batch_size)
        if args.reference:
            result = compare(args.reference, folder, args.batch_size, args.rounds, args.images)
            print(json.dumps(result))
            low, high = result["range"]
            print(
                f"{result['ratio']:.2f} times the reference ({low:.2f} to {high:.2f}), {args.rounds} rounds"
            )


if __name__ == "__main__":
    main()
