"""The memory of the inferencer on a long stream of JPEGs.

    python benchmarks/inferencer.py --images 10000

A narrow ResNet-18, batches of 32; the resident memory is printed on the way. Its speed is a case of the quick
set: ``python benchmarks/run.py --only prediction``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

MODEL = "resnet18_8xb32_in1k"


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
    parser.add_argument("--images", type=int, default=10_000, help="how many images to stream")
    parser.add_argument("--files", type=int, default=128, help="how many different files")
    parser.add_argument("--batch-size", type=int, default=32)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        write_images(Path(name), args.files, (500, 375))
        memory(Path(name), args.images, args.batch_size)


if __name__ == "__main__":
    main()
