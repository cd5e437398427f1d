"""Forward and training-step time of models, against MMPretrain 1.2 (on the same weights) and timm.

    python benchmarks/models_speed.py --reference /path/to/env/bin/python --timm python

Each environment runs in its own process. The processes take turns, in an order that changes with every
round, so that they meet the same noise. A ratio is the median of those of the single rounds, followed by its
95 % confidence interval; above 1 this package is faster. Its process keeps freed memory, as all its runs do.
``--cpu-time`` counts the time of the processor instead, which other programs disturb less.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from environments import environment
from turns import Ratio

MODELS: dict[str, dict[str, Any]] = {
    "ResNet-50": {"backbone": {"type": "ResNet", "depth": 50}, "timm": "resnet50"},
    "MobileNetV2": {"backbone": {"type": "MobileNetV2"}, "timm": "mobilenetv2_100"},
    "ViT-S": {
        "backbone": {"type": "VisionTransformer", "arch": "deit-small"},
        "timm": "deit_small_patch16_224",
    },
    "Swin-T": {
        "backbone": {"type": "SwinTransformer", "arch": "tiny"},
        "timm": "swin_tiny_patch4_window7_224",
    },
    "ConvNeXt-T": {"backbone": {"type": "ConvNeXt", "arch": "tiny"}, "timm": "convnext_tiny"},
    "HRNet-W18": {"backbone": {"type": "HRNet", "arch": "w18"}, "timm": "hrnet_w18"},
    "LeViT-192": {"backbone": {"type": "LeViT", "arch": "192"}, "timm": "levit_192"},
    "EfficientFormer-L1": {
        "backbone": {"type": "EfficientFormer", "arch": "l1"},
        "timm": "efficientformer_l1",
    },
    "MobileViT-S": {"backbone": {"type": "MobileViT", "arch": "small"}, "timm": "mobilevit_s"},
    "TinyViT-5M": {
        "backbone": {"type": "TinyViT", "arch": "5m", "drop_path_rate": 0.0},
        "timm": "tiny_vit_5m_224",
    },
    "DaViT-T": {"backbone": {"type": "DaViT", "arch": "tiny", "drop_path_rate": 0.0}, "timm": "davit_tiny"},
    "MViTv2-T": {"backbone": {"type": "MViT", "arch": "tiny"}, "timm": "mvitv2_tiny"},
}


def build(name: str, library: str) -> Any:
    """Build a backbone of MMPretrain (any version), or the features of a timm model."""
    spec = MODELS[name]
    if library == "timm":
        import timm  # type: ignore[import-not-found]

        return timm.create_model(spec["timm"], num_classes=0)
    from mmpretrain.registry import MODELS as REGISTRY

    if library == "mmpretrain-1":
        import mmpretrain.models  # noqa: F401  registers
    return REGISTRY.build(dict(spec["backbone"]))


def worker(library: str, device: str, batch: int, bf16: bool, cpu_time: bool) -> None:
    """Answer requests on standard input with seconds on standard output."""
    import torch

    clock = time.process_time if cpu_time else time.perf_counter

    if library == "mmpretrain-2":
        from mmpretrain.utils.env import keep_freed_memory

        keep_freed_memory()
    torch.manual_seed(0)
    x = torch.rand(batch, 3, 224, 224, device=device)
    state: dict[str, Any] = {}

    def sync() -> None:
        if device == "cuda":
            torch.cuda.synchronize()

    def forward() -> None:
        with torch.no_grad():
            state["model"](x)

    def train() -> None:
        outputs = state["model"](x)
        while isinstance(outputs, (tuple, list)):
            outputs = outputs[-1]
        outputs.float().mean().backward()
        state["optimizer"].step()
        state["optimizer"].zero_grad()

    for line in sys.stdin:
        request = json.loads(line)
        if "build" in request:
            model = build(request["build"], library).to(device)
            weights = Path(request["weights"])
            if library == "mmpretrain-2":
                # As in training: without it, some gradients are so small that CPUs multiply them slowly.
                model.init_weights()
                torch.save(model.state_dict(), weights)
            elif library == "mmpretrain-1":
                model.load_state_dict(torch.load(weights, weights_only=True))
            if request["channels_last"]:
                model, x = (
                    model.to(memory_format=torch.channels_last),
                    x.contiguous(memory_format=torch.channels_last),
                )
            state["optimizer"] = torch.optim.SGD(model.parameters(), lr=0.0)
            state["model"] = torch.compile(model) if request["compile"] else model
            answer: Any = None
        else:
            step = train if request["mode"] == "train" else forward
            state["model"].train(request["mode"] == "train")
            with torch.autocast(device, torch.bfloat16, enabled=bf16):
                step()
                sync()
                start = clock()
                for _ in range(request["steps"]):
                    step()
                sync()
            answer = (clock() - start) / request["steps"]
        print(json.dumps(answer), flush=True)


class Worker:
    """A process in one environment."""

    def __init__(self, python: str, library: str, args: argparse.Namespace) -> None:
        command = [python, "-W", "ignore", __file__, "--worker", library, "--device", args.device]
        command += ["--batch", str(args.batch), *(["--bf16"] if args.bf16 else [])]
        command += ["--cpu-time"] if args.cpu_time else []
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, env=environment(python), **pipes)

    def ask(self, **request: Any) -> Any:
        """Send a request and wait for the answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith(("null", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9")):
                return json.loads(line)
        raise RuntimeError("the worker ended; see its message above")


def compare(args: argparse.Namespace) -> None:
    """Measure all models and print a table."""
    workers = {"mmpretrain-2": Worker(sys.executable, "mmpretrain-2", args)}
    if args.reference:
        workers["mmpretrain-1"] = Worker(args.reference, "mmpretrain-1", args)
    if args.timm:
        workers["timm"] = Worker(args.timm, "timm", args)
    others = list(workers)[1:]
    print(f"| model | mode | ms per image | {' | '.join(f'faster than {o}' for o in others)} |")
    print(f"| --- | --- | --- | {' | '.join('---' for _ in others)} |")
    with tempfile.TemporaryDirectory() as folder:
        for name in args.models or MODELS:
            for process in workers.values():
                options = {"channels_last": args.channels_last, "compile": args.compile}
                process.ask(build=name, weights=f"{folder}/weights.pth", **options)
            for mode in ("forward", "train"):
                seconds: dict[str, list[float]] = {library: [] for library in workers}
                for turn in range(args.rounds):
                    for library in list(workers)[:: 1 if turn % 2 else -1]:
                        seconds[library].append(workers[library].ask(mode=mode, steps=args.steps))
                own = seconds["mmpretrain-2"]
                ratios = " | ".join(str(Ratio.of(seconds[other], own)) for other in others)
                print(f"| {name} | {mode} | {1000 * min(own) / args.batch:.1f} | {ratios} |", flush=True)


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reference", help="Python of an environment with MMPretrain 1.2")
    parser.add_argument("--timm", help="Python of an environment with timm")
    parser.add_argument("--models", nargs="*", choices=sorted(MODELS))
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--cpu-time", action="store_true", help="for a busy machine and one thread")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        worker(args.worker, args.device, args.batch, args.bf16, args.cpu_time)
    else:
        compare(args)


if __name__ == "__main__":
    main()
