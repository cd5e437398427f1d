"""Everything that needs a CUDA device, in one command: tests and measurements, as a table.

Without a device it says so and succeeds::

    python benchmarks/gpu_check.py [--quick]
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import torch

ROOT = Path(__file__).parents[1]


def output(*command: str) -> str:
    """What a command of this repository prints.

    Raises:
        RuntimeError: If it fails; with the last lines that it printed.
    """
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise RuntimeError("; ".join((done.stdout + done.stderr).strip().splitlines()[-3:]))
    return done.stdout.strip()


def run_tests() -> str:
    """Run all tests with the marker `gpu`.

    Raises:
        RuntimeError: If one fails.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "tests", "-p", "no:cacheprovider"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    lines = done.stdout.strip().splitlines() or [done.stderr]
    summary = [lines[-1], *(line for line in lines if line.startswith(("FAILED", "ERROR")))]
    if done.returncode:
        raise RuntimeError("\n".join(summary))
    return lines[-1]


def seconds_per_call(function: Callable[[], object], calls: int) -> float:
    """Median seconds of a call, after a warm-up, with the device waited for."""
    for _ in range(max(calls // 5, 3)):
        function()
    times = []
    for _ in range(calls):
        torch.cuda.synchronize()
        start = perf_counter()
        function()
        torch.cuda.synchronize()
        times.append(perf_counter() - start)
    return sorted(times)[len(times) // 2]


def training_speed(options: dict, batch: int, calls: int) -> str:
    """Images per second of training steps of a ResNet-50 at 224 pixels."""
    from mmpretrain.engine.optimizers.builder import build_optim_wrapper
    from mmpretrain.engine.runner.speed import compile_model
    from mmpretrain.models.backbones import ResNet

    torch.manual_seed(0)
    model = torch.nn.Sequential(ResNet(50), torch.nn.Identity()).cuda().train()
    images = torch.randn(batch, 3, 224, 224, device="cuda")
    if options.get("channels_last"):
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        images = images.contiguous(memory_format=torch.channels_last)
    kind = "AmpOptimWrapper" if options.get("amp") else "OptimWrapper"
    extra = {"dtype": "bfloat16"} if options.get("amp") else {}
    wrapper = build_optim_wrapper(model, {"type": kind, "optimizer": {"type": "SGD", "lr": 0.01}, **extra})
    if options.get("compile"):
        compile_model(model, {"target": "0"})

    def step() -> None:
        with wrapper.optim_context(model):
            loss = model(images)[-1].float().square().mean()
        wrapper.update_params(loss)

    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("high" if options.get("tf32") else "highest")
    torch.backends.cudnn.allow_tf32 = bool(options.get("tf32"))
    try:
        rate = batch / seconds_per_call(step, calls)
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]
    return f"{rate:,.0f} img/s"


def training_memory(checkpointing: bool) -> str:
    """Peak memory of a training step of a ResNet-50 at 224 pixels, batch of 128, bfloat16."""
    from mmpretrain.models.backbones import ResNet

    torch.manual_seed(0)
    model = ResNet(50, with_cp=checkpointing).cuda().train()
    images = torch.randn(128, 3, 224, 224, device="cuda")
    torch.cuda.reset_peak_memory_stats()
    with torch.autocast("cuda", torch.bfloat16):
        model(images)[-1].float().square().mean().backward()
    return f"{torch.cuda.max_memory_allocated() / 2**30:.2f} GiB"


#: Lists of ``batch_transforms``, by what they are.
BATCH_TRANSFORMS: dict[str, list[dict]] = {
    "flip": [{"type": "RandomFlip", "prob": 0.5}],
    "crop to 224": [{"type": "RandomResizedCrop", "scale": 224}],
    "ColorJitter": [
        {"type": "ColorJitter", "brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.1}
    ],
    "RandAugment": [
        {"type": "RandAugment", "policies": "timm_increasing", "num_policies": 2, "magnitude_level": 9}
    ],
    "erasing": [{"type": "RandomErasing", "erase_prob": 0.25, "mode": "rand", "fill_std": 57}],
    "Mixup or CutMix": [
        {"type": "OneOf", "choices": [{"type": "Mixup", "alpha": 0.8}, {"type": "CutMix", "alpha": 1.0}]}
    ],
}


def batch_transforms(device: str, batch: int, calls: int) -> str:
    """Milliseconds of each of the batch transforms, and of all together, on images of 256 pixels."""
    from mmpretrain.datasets.batched import BatchTransforms

    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (batch, 3, 256, 256), generator=random, dtype=torch.uint8).to(device)
    scores = torch.eye(1000, device=device)[torch.arange(batch) % 1000]
    keys = torch.tensor([[number, 0, 0] for number in range(batch)])
    lists = {**BATCH_TRANSFORMS, "all": [item for part in BATCH_TRANSFORMS.values() for item in part]}
    cells = []
    for name, transforms in lists.items():
        augment = BatchTransforms(transforms)
        seconds = seconds_per_call(partial(augment, images, scores, keys), calls)
        cells.append(f"{name} {seconds * 1e3:.1f}")
    return ", ".join(cells) + " ms"


def demo_run() -> str:
    """Train on the embedded digits with the command that a user types."""
    with tempfile.TemporaryDirectory() as folder:
        start = perf_counter()
        text = output("-m", "mmpretrain", "train", "lenet5_digits", "--work-dir", folder)
        seconds = perf_counter() - start
    found = re.findall(r"accuracy/top1: ([\d.]+)", text)
    return f"{seconds:.0f} s, accuracy {found[-1] if found else 'not found in the log'}"


def speed_config(config: str | None) -> str:
    """Train for CIFAR-10 with a config; by default that of the zoo, with its data in data/cifar10."""
    if config is None and not (ROOT / "data" / "cifar10").is_dir():
        return "not measured: no data/cifar10"
    return "\n" + output("benchmarks/speedrun.py", *filter(None, [config]))


def measurements(speed_run: str | None) -> Iterator[tuple[str, Callable[[], str]]]:
    """Everything to measure: a name, and what measures it.

    Args:
        speed_run: A config for CIFAR-10, if not that of the zoo.
    """
    switches: list[dict] = [
        {},
        {"tf32": True},
        {"amp": True},
        {"amp": True, "channels_last": True},
        {"amp": True, "channels_last": True, "compile": True},
    ]
    for options in switches:
        name = " + ".join(options) or "float32"
        yield f"ResNet-50 train, {name}", partial(training_speed, options, batch=128, calls=20)
    yield "ResNet-50 memory of a step, amp", partial(training_memory, checkpointing=False)
    yield "ResNet-50 memory of a step, amp + with_cp", partial(training_memory, checkpointing=True)
    yield "engine overhead per iteration", partial(output, "benchmarks/engine_overhead.py")
    yield "batch_transforms, 256 images", partial(batch_transforms, "cuda", batch=256, calls=10)
    yield "training on the digits", demo_run
    yield "CIFAR-10 speed config", partial(speed_config, speed_run)
    speed = ["benchmarks/models_speed.py", "--device", "cuda", "--bf16", "--batch", "64", "--rounds", "9"]
    rival = ["--timm", sys.executable] if find_spec("timm") else []
    yield "models, bfloat16 (ratios above 1: faster)", lambda: "\n" + output(*speed, "--steps", "5", *rival)


def main() -> int:
    """Run everything, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tests only")
    parser.add_argument("--speed-config", metavar="CONFIG", help="for CIFAR-10, if not that of the zoo")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        print(
            f"There is no CUDA device that torch {torch.__version__} can use: nothing was tested or "
            "measured. Run the same command on a machine with one."
        )
        return 0
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}", flush=True)
    failures = 0
    for name, measure in [
        ("tests -m gpu", run_tests),
        *([] if args.quick else measurements(args.speed_config)),
    ]:
        try:
            value = measure()
        except Exception as error:  # the other rows are worth having
            failures += 1
            value = f"FAILED: {type(error).__name__}: {error}"
        print(f"{name:<45} {value}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
