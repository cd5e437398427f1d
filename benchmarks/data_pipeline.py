"""Processor time per image of data pipelines: this package, the original, plain Pillow, timm; packed data.

    python benchmarks/data_pipeline.py --reference /path/to/mmpretrain-1.2/bin/python

Every contender runs in its own process, on one thread, over the same files. They take turns, round by
round, so that a busy machine slows all of them; what is reported is the lowest processor time of all rounds,
and the ratio of the lowest times. ``--images`` takes a folder of JPEG files; without it, pictures with the
spectrum of photographs are made.

``--workers 0 1 2`` also compares whole data loaders with so many workers, which pass stacked batches:
the time that passes per image.

``--targets`` compares what ``mmpretrain pack``, ``cache='ram'`` and, if it is installed, nvImageCodec give
with exact pixels, and prints the speed that was asked for beside the speed that was measured. The columns
"floor" are what libraries alone need; see ``data_floor.py``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from environments import environment
from turns import ended

#: How often a data loader reads each file in an epoch, and how many images make a batch.
REPEATS, BATCH = 10, 64
#: What libraries alone need, by what they begin with; see ``data_floor.py``.
FLOORS = ("floor files", "floor jpeg", "floor raw")
MEAN, STD = [103.53, 116.28, 123.675], [57.375, 57.12, 58.395]
LOAD: dict[str, Any] = {"type": "LoadImageFromFile"}
PACK: dict[str, Any] = {"type": "PackInputs"}
FLIP: dict[str, Any] = {"type": "RandomFlip", "prob": 0.5, "direction": "horizontal"}

PIPELINES: dict[str, list[dict[str, Any]]] = {
    "train": [LOAD, {"type": "RandomResizedCrop", "scale": 224}, FLIP, PACK],
    "val": [LOAD, {"type": "ResizeEdge", "scale": 256}, {"type": "CenterCrop", "crop_size": 224}, PACK],
    "randaug": [
        LOAD,
        {"type": "RandomResizedCrop", "scale": 224, "backend": "pillow", "interpolation": "bicubic"},
        FLIP,
        {
            "type": "RandAugment",
            "policies": "timm_increasing",
            "num_policies": 2,
            "magnitude_level": 9,
            "magnitude_std": 0.5,
            "hparams": {"pad_val": [round(value) for value in MEAN], "interpolation": "bicubic"},
        },
        {
            "type": "RandomErasing",
            "erase_prob": 0.25,
            "mode": "rand",
            "min_area_ratio": 0.02,
            "max_area_ratio": 1 / 3,
            "fill_color": MEAN,
            "fill_std": STD,
        },
        PACK,
    ],
}


# -- in the process of a contender ------------------------------------------------------------------


def pipeline_of(kind: str, name: str) -> list[dict[str, Any]]:
    """A pipeline, which decodes with nvImageCodec if the contender is of that name."""
    load = {**LOAD, "imdecode_backend": "nvimgcodec"} if kind == "nvimgcodec" else LOAD
    return [load, *PIPELINES[name][1:]]


def build_mmpretrain(name: str, kind: str = "mmpretrain") -> Callable[[str], Any]:
    """A pipeline of whichever mmpretrain is installed, this one or the original."""
    import mmpretrain.datasets  # noqa: F401
    from mmpretrain.registry import TRANSFORMS

    if "mmengine" in sys.modules:
        sys.modules["mmengine"].registry.init_default_scope("mmpretrain")
    pipeline = TRANSFORMS.build({"type": "Compose", "transforms": pipeline_of(kind, name)})
    return lambda path: pipeline({"img_path": path, "gt_label": 1, "sample_idx": 0})


def build_pillow(name: str) -> Callable[[str], Any]:
    """Plain Pillow and NumPy, without a framework; there is no RandAugment."""
    import math
    import random

    import numpy as np
    from PIL import Image

    bilinear = Image.Resampling.BILINEAR

    def train(path: str) -> Any:
        image = Image.open(path).convert("RGB")
        area = image.width * image.height * random.uniform(0.08, 1)
        aspect = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        width = min(round(math.sqrt(area * aspect)), image.width)
        height = min(round(math.sqrt(area / aspect)), image.height)
        left, top = random.randint(0, image.width - width), random.randint(0, image.height - height)
        image = image.resize((224, 224), bilinear, box=(left, top, left + width, top + height))
        if random.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))

    def val(path: str) -> Any:
        image = Image.open(path).convert("RGB")
        factor = 256 / min(image.size)
        image = image.resize((round(image.width * factor), round(image.height * factor)), bilinear)
        left, top = (image.width - 224) // 2, (image.height - 224) // 2
        image = image.crop((left, top, left + 224, top + 224))
        return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))

    return {"train": train, "val": val}[name]


def _allow_no_bits(policies: Any) -> None:
    """Let timm keep 0 bits of an image, at high magnitudes: Pillow 13 refuses that, earlier it was black."""
    from PIL import Image

    posterize = policies.posterize
    policies.NAME_TO_OP["PosterizeIncreasing"] = lambda image, bits, **settings: (
        posterize(image, bits, **settings) if bits else Image.new(image.mode, image.size)
    )


def build_timm(name: str) -> Callable[[str], Any]:
    """The transforms of timm, up to the uint8 array that its loader collates."""
    import importlib

    from PIL import Image

    data = importlib.import_module("timm.data")

    options: dict[str, Any] = {"input_size": 224, "use_prefetcher": True}
    if name == "val":
        transform = data.create_transform(**options, crop_pct=0.875, interpolation="bilinear")
    else:
        policy = {"auto_augment": "rand-m9-mstd0.5-inc1"} if name == "randaug" else {"color_jitter": None}
        _allow_no_bits(importlib.import_module("timm.data.auto_augment"))
        interpolation = "bicubic" if name == "randaug" else "bilinear"
        transform = data.create_transform(**options, is_training=True, interpolation=interpolation, **policy)
    return lambda path: transform(Image.open(path).convert("RGB"))


BUILDERS: dict[str, Callable[[str], Callable[[str], Any]]] = {
    "mmpretrain": build_mmpretrain,
    "nvimgcodec": partial(build_mmpretrain, kind="nvimgcodec"),
    "pillow": build_pillow,
    "timm": build_timm,
}

#: Speed relative to the original that was asked for: files, packed as JPEG, packed as pixels, cached.
TARGETS = {
    ("500x375", "train"): (1.35, 1.8, 4, 4),
    ("500x375", "val"): (1.15, 1.4, 5, 5),
    ("500x375", "randaug"): (2.5, 2.8, 4, 4),
    ("12 megapixels", "train"): (4, 15, None, None),
}
#: The same of whole loaders.
LOADER_TARGETS = (1.3, 1.7, 3, 3)


def build_dataset(kind: str, name: str, folder: str) -> Any:
    """The images of a pack, or of a folder with a cache, as a data set."""
    from mmpretrain.registry import DATASETS

    if kind == "packed":
        cfg: dict[str, Any] = {"type": "PackedDataset", "data_root": folder, "split": "train"}
    else:
        cfg = {"type": "CustomDataset", "data_prefix": folder, "with_label": False, "cache": "ram"}
    return DATASETS.build({**cfg, "pipeline": PIPELINES[name]})


def dataset_seconds(kind: str, name: str, folder: str) -> Callable[[], float]:
    """Return what measures the processor time per image of a data set."""
    dataset = build_dataset(kind, name, folder)
    for index in range(len(dataset)):
        dataset[index]

    def measure() -> float:
        start = time.process_time()
        for index in range(len(dataset)):
            dataset[index]
        return (time.process_time() - start) / len(dataset)

    return measure


def pipeline_seconds(kind: str, name: str, files: list[str]) -> Callable[[], float]:
    """Return what measures the processor time per image of a pipeline."""
    pipeline = BUILDERS[kind](name)
    pipeline(files[0])

    def measure() -> float:
        start = time.process_time()
        for path in files:
            pipeline(path)
        return (time.process_time() - start) / len(files)

    return measure


def loader_seconds(kind: str, name: str, files: list[str], workers: int, folder: str) -> Callable[[], float]:
    """Return what measures the time per image of a data loader, whose workers are there already."""
    from torch.utils.data import DataLoader

    count = len(files)
    files = files * REPEATS
    count = count * REPEATS
    options: dict[str, Any] = {"batch_size": BATCH, "num_workers": workers, "persistent_workers": workers > 0}
    if kind in ("packed", "cached"):
        from mmpretrain.datasets import RepeatDataset
        from mmpretrain.engine.runner import Runner
        from mmpretrain.utils.env import apply_switches

        apply_switches({})
        dataset = RepeatDataset(build_dataset(kind, name, folder), times=REPEATS)
        count = len(dataset)
        sampler = {"type": "DefaultSampler", "shuffle": False}
        collate = {"type": "default_collate"}
        loader = Runner.build_dataloader(
            {"dataset": dataset, "sampler": sampler, "collate_fn": collate, **options}, seed=0
        )
    elif kind in ("mmpretrain", "nvimgcodec"):
        loader = mmpretrain_loader(pipeline_of(kind, name), files, options)
    else:
        loader = DataLoader(Mapped(BUILDERS[kind](name), files), **options)  # type: ignore[arg-type]

    def measure() -> float:
        start = time.perf_counter()
        for _ in loader:
            pass
        return (time.perf_counter() - start) / count

    measure()
    return measure


def mmpretrain_loader(pipeline: list[dict[str, Any]], files: list[str], options: dict[str, Any]) -> Any:
    """The data loader that a training run has, of whichever mmpretrain is installed."""
    import mmpretrain.datasets  # noqa: F401

    if "mmengine" in sys.modules:
        sys.modules["mmengine"].registry.init_default_scope("mmpretrain")
        from mmengine.runner import Runner  # type: ignore[import-not-found]
    else:
        from mmpretrain.engine.runner import Runner
        from mmpretrain.utils.env import apply_switches

        apply_switches({})  # as at the start of a run
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.writelines(f"{path} 1\n" for path in files)
        listing.flush()
        dataset = {"type": "CustomDataset", "ann_file": listing.name, "pipeline": pipeline}
        collate = {"type": "default_collate"}
        sampler = {"type": "DefaultSampler", "shuffle": False}
        return Runner.build_dataloader(
            {"dataset": dataset, "sampler": sampler, "collate_fn": collate, **options}, seed=0
        )


class Mapped:
    """Files seen through a function, as a data set.

    Args:
        function: What makes a sample of a path.
        files: The paths.
    """

    def __init__(self, function: Callable[[str], Any], files: list[str]) -> None:
        self.function, self.files = function, files

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Any:
        return self.function(self.files[index])


def serve(kind: str, folder: str) -> None:
    """Read names of pipelines, and numbers of workers, from standard input; answer with seconds per image."""
    import random

    import cv2
    import numpy as np
    import torch

    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    files = sorted(str(path) for path in Path(folder).iterdir())
    measures: dict[str, Callable[[], float]] = {}
    for line in sys.stdin:
        name, *workers = line.split()
        try:
            if line not in measures:
                if workers and kind in FLOORS:
                    raise KeyError(line)
                if workers:
                    measures[line] = loader_seconds(kind, name, files, int(workers[0]), folder)
                elif kind in FLOORS:
                    from data_floor import floor_seconds

                    measures[line] = floor_seconds(kind, name, folder)
                elif kind in ("packed", "cached"):
                    measures[line] = dataset_seconds(kind, name, folder)
                else:
                    measures[line] = pipeline_seconds(kind, name, files)
            np.random.seed(0)
            random.seed(0)
            answer: dict[str, Any] = {"seconds": measures[line]()}
        except (ImportError, KeyError) as error:  # a decoder may be asked for by some boxes only
            answer = {"missing": repr(error)}
        print(json.dumps(answer), flush=True)


# -- in the main process ----------------------------------------------------------------------------


class Contender:
    """A process that runs pipelines on request."""

    def __init__(self, label: str, python: str, kind: str, folder: Path, **variables: str) -> None:
        self.label = label
        quiet = {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed with the process
        self.process = subprocess.Popen(
            [python, __file__, "--serve", kind, "--images", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=environment(python, **quiet, **variables),
        )

    def time(self, pipeline: str) -> float | None:
        """Seconds per image, or None when it cannot run the pipeline.

        Raises:
            RuntimeError: If the process has ended; with its last words.
        """
        assert self.process.stdin
        assert self.process.stdout
        try:
            self.process.stdin.write(pipeline + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it says below why it ended
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line).get("seconds")
        raise ended(self.label, self.process, self.log)

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin
        with suppress(BrokenPipeError):  # it has ended already
            self.process.stdin.close()
        self.process.wait()
        self.log.close()


def make_images(folder: Path, count: int, height: int, width: int, quality: int = 92) -> Path:
    """Write JPEG files whose spectrum falls as that of photographs does."""
    import cv2
    import numpy as np

    folder.mkdir(parents=True)
    for index in range(count):
        rng = np.random.RandomState(index)
        image = np.zeros((height, width, 3), np.float32)
        size = 2
        while size < max(height, width):
            shape = [max(2, edge * size // max(height, width) + 2) for edge in (height, width)]
            octave = rng.randn(*shape, 3).astype(np.float32)
            image += cv2.resize(octave, (width, height), interpolation=cv2.INTER_CUBIC) / size**0.5
            size *= 2
        image = (image - image.min()) / (image.max() - image.min()) * 255
        for _ in range(12):  # edges, of which photographs are full
            corners = rng.randint(0, [width, height], (3, 2)).astype(np.int32)
            cv2.fillPoly(image, [corners], rng.randint(0, 256, 3).tolist())
        path = str(folder / f"{index}.jpg")
        cv2.imwrite(path, image.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return folder


def compare(
    title: str,
    contenders: list[Contender],
    pipelines: list[str],
    rounds: int,
    asked: dict[str, tuple[float | None, ...]] | None = None,
) -> None:
    """Print a table: milliseconds per image, speed relative to the first contender, what was asked for."""
    print(f"\n{title}\n{'pipeline':10}" + "".join(f"{c.label:>24}" for c in contenders))
    for pipeline in pipelines:  # "train", or "train 2": with a loader of two workers
        times: list[list[float | None]] = []
        for _ in range(rounds):
            times.append([contender.time(pipeline) for contender in contenders])
        best = [None if None in column else min(column) for column in zip(*times)]
        cells = [
            f"{'-':>24}" if own is None else f"{own * 1e3:12.3f} ms {(best[0] or own) / own:7.2f}x"
            for own in best
        ]
        print(f"{pipeline:10}" + "".join(cells), flush=True)
        if asked is not None:
            goals = ("" if goal is None else f"{goal:.2f}x asked" for goal in asked[pipeline])
            print(f"{'':34}" + "".join(f"{goal:>24}" for goal in goals), flush=True)


def pack_images(folder: Path, out: Path, kind: str, short_edge: int | None = None) -> Path:
    """Pack a folder of images, as ``mmpretrain pack --unlabelled`` does."""
    from mmpretrain.datasets.packed.encode import Encoding
    from mmpretrain.datasets.packed.packing import pack

    how = Encoding(kind, short_edge)  # type: ignore[arg-type]
    for _ in pack(str(folder), out, how, workers=2, shard_bytes=1 << 32, unlabelled=True):
        pass
    return out


def compare_targets(reference: str, rounds: int, workers: list[int]) -> None:
    """Compare packed and cached data with the original, with exact pixels, and with what was asked for."""
    exact = {"MMPRETRAIN_EXACT_PIXELS": "1"}
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        small = make_images(root / "small", 60, 375, 500)
        large = make_images(root / "large", 5, 3000, 4000)
        for title, folder in (("500x375", small), ("12 megapixels", large)):
            mine = (("files", "mmpretrain", folder), ("packed jpeg", "packed", root / f"{folder.name}-jpeg"))
            if folder is small:
                pack_images(folder, root / "small-jpeg", "jpeg")
                pack_images(folder, root / "small-raw", "raw")
                mine += (("packed raw", "packed", root / "small-raw"), ("cached", "cached", folder))
                mine += (("files, nvimgcodec", "nvimgcodec", folder),)  # left empty if it is not installed
                places = {"jpeg": root / "small-jpeg", "raw": root / "small-raw"}
                mine += tuple((kind, kind, places.get(kind.split()[1], folder)) for kind in FLOORS)
            else:
                pack_images(folder, root / "large-jpeg", "jpeg", short_edge=512)
            contenders = [Contender("mmpretrain 1.2", reference, "mmpretrain", folder)]
            # Only reduced decoding makes photos of 12 megapixels fast, so these pixels are not exact.
            fast = exact if folder is small else {}
            contenders += [Contender(label, sys.executable, kind, at, **fast) for label, kind, at in mine]
            names = [name for size, name in TARGETS if size == title]
            tasks = [*names, *(f"{name} {number}" for number in workers for name in names)]
            asked = {
                task: (LOADER_TARGETS if " " in task else TARGETS[title, task])[: len(mine)] for task in tasks
            }
            compare(title, contenders, tasks, rounds, asked)
            for contender in contenders:
                contender.close()


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--reference", help="Python of an environment with mmpretrain 1.2")
    parser.add_argument("--timm", help="Python of an environment with timm (by default this one)")
    parser.add_argument("--images", help="folder of JPEG files, instead of generated ones")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--pipelines", nargs="+", default=list(PIPELINES), choices=list(PIPELINES))
    parser.add_argument("--workers", nargs="+", type=int, default=[], help="also measure data loaders")
    parser.add_argument(
        "--targets", action="store_true", help="packed and cached data, and what was asked for"
    )
    parser.add_argument("--serve", choices=[*BUILDERS, "packed", "cached", *FLOORS], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve, args.images)
        return
    if args.targets:
        if not args.reference:
            parser.error("--targets needs --reference")
        compare_targets(args.reference, args.rounds, args.workers)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folders = {}
        if args.images:
            folders[args.images] = (Path(args.images), args.pipelines)
        else:
            folders["500x375"] = (make_images(Path(scratch) / "small", 60, 375, 500), args.pipelines)
            large = [name for name in args.pipelines if name != "randaug"]
            folders["12 megapixels"] = (make_images(Path(scratch) / "large", 5, 3000, 4000), large)
        for title, (folder, pipelines) in folders.items():
            contenders = []
            if args.reference:
                contenders.append(Contender("mmpretrain 1.2", args.reference, "mmpretrain", folder))
            exact = {"MMPRETRAIN_EXACT_PIXELS": "1"}
            contenders += [
                Contender("this", sys.executable, "mmpretrain", folder),
                Contender("this, exact pixels", sys.executable, "mmpretrain", folder, **exact),
                Contender("pillow", sys.executable, "pillow", folder),
                Contender("timm", args.timm or sys.executable, "timm", folder),
            ]
            size = statistics.mean(path.stat().st_size for path in folder.iterdir()) / 1024
            title = f"{title}, {size:.0f} KiB on average"
            compare(title, contenders, pipelines, args.rounds)
            if args.workers:
                loaders = [f"{name} {workers}" for name in pipelines for workers in args.workers]
                compare(f"{title}, loaders with 0 or more workers", contenders, loaders, args.rounds)
            for contender in contenders:
                contender.close()


if __name__ == "__main__":
    main()
