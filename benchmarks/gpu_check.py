"""Everything that needs a CUDA device, in one command: tests and measurements, as a table.

Without a device it says so and succeeds::

    python benchmarks/gpu_check.py [--quick]
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import torch

ROOT = Path(__file__).parents[1]


def run_tests() -> tuple[str, bool]:
    """Run all tests with the marker `gpu`."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        "gpu",
        str(ROOT / "tests"),
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    lines = done.stdout.strip().splitlines() or ["no output"]
    failures = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return "; ".join([lines[-1], *failures]), done.returncode == 0


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


def overhead() -> str:
    """What the engine adds to an iteration."""
    command = [sys.executable, str(ROOT / "benchmarks" / "engine_overhead.py")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    found = re.search(r"'overhead': ([\d.]+)", done.stdout)
    return f"{found[1]} us" if found else done.stderr.strip().splitlines()[-1]


def main() -> int:
    """Run everything, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tests only")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        print("no CUDA device")
        return 0
    rows = [("device", torch.cuda.get_device_name()), ("torch", torch.__version__)]
    result, passed = run_tests()
    rows.append(("tests -m gpu", result))
    if not args.quick:
        switches: list[dict] = [
            {},
            {"tf32": True},
            {"amp": True},
            {"amp": True, "channels_last": True},
            {"amp": True, "channels_last": True, "compile": True},
        ]
        for options in switches:
            name = " + ".join(options) or "float32"
            rows.append((f"ResNet-50 train, {name}", training_speed(options, batch=128, calls=20)))
        rows.append(("engine overhead per iteration", overhead()))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name.ljust(width)}  {value}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
