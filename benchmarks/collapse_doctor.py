"""Does the collapse doctor find what is wrong, and does it keep quiet where nothing is?

Mistakes are planted into runs on the digits that ship with the package; each must be found within 200
iterations. Twenty sound runs of all methods with small images and without a teacher, some with a second seed,
must end without an alarm (`selfsup_digits.py` has longer runs of all methods)::

    python benchmarks/collapse_doctor.py             # all of both, 200 iterations each
    python benchmarks/collapse_doctor.py --only planted
    python benchmarks/collapse_doctor.py --only sound --jobs 16  # 16 runs at once
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from typing import Any

import torch
from digits.networks import SIDE
from digits.processes import results
from digits.runs import METHODS, PREPROCESSOR, run_config
from torch import nn

from mmpretrain.config import Config
from mmpretrain.engine.runner import Runner
from mmpretrain.errors import TrainingError
from mmpretrain.registry import MODELS

LIMIT = 200
NO_VARIANCE = {"type": "VICRegLoss", "std_coeff": 0}


@MODELS.register_module()
class LiveTargetHead(MODELS.get("LatentPredictHead")):  # type: ignore[misc]
    """A head that forgets to stop the gradient of the target."""

    def loss(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Compute the loss of features (N, C) of both views."""
        return self.loss_module(self.predictor([input])[0], target)


@MODELS.register_module()
class NoPredictor(nn.Module):
    """A predictor that predicts what it is given."""

    def forward(self, x: Any) -> tuple:
        """Return the features."""
        return (x[0],)


def put(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return a change of a config."""

    def change(cfg: dict[str, Any]) -> None:
        *parents, key = path.split(".")
        node: Any = cfg
        for parent in parents:
            node = node[int(parent) if parent.isdigit() else parent]
        node[key] = value

    return change


def all_of(*changes: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    """Return several changes as one."""

    def change(cfg: dict[str, Any]) -> None:
        for one in changes:
            one(cfg)

    return change


def without_norm(cfg: dict[str, Any]) -> None:
    """Replace the projector's batch norm by nothing."""
    neck = cfg["model"]["neck"]
    cfg["model"]["neck"] = {
        "type": "MoCoV2Neck", "in_channels": neck["in_channels"], "hid_channels": neck["hid_channels"],
        "out_channels": neck["out_channels"],
    }  # fmt: skip
    cfg["model"]["head"]["predictor"] = {**cfg["model"]["head"]["predictor"], "norm_cfg": {"type": "LN"}}


def same_views(cfg: dict[str, Any]) -> None:
    """Make views without any random transform."""
    views = cfg["train_dataloader"]["dataset"]["pipeline"][1]
    views["transforms"] = [[{"type": "Resize", "scale": SIDE}]]


#: What is wrong -> method, change of its config, part of the diagnosis.
PLANTED: dict[str, tuple[str, Callable[[dict[str, Any]], None], str]] = {
    "no stop-gradient": ("SimSiam", put("model.head.type", "LiveTargetHead"), "no stop-gradient"),
    "no predictor": (
        "SimSiam", put("model.head.predictor", {"type": "NoPredictor"}), "the predictor has no weights"
    ),
    "no batch norm in projector": ("SimSiam", without_norm, "batch norm missing in the projector"),
    "no variance term": ("VICReg", put("model.head.loss", NO_VARIANCE), "std_coeff=0"),
    "no centring": ("DINO", put("model.head.centering", "none"), "no centring"),
    "teacher's temperature too high": ("DINO", put("model.head.teacher_temp", 0.5), "teacher_temp"),
    "temperature too low": ("SimCLR", put("model.head.temperature", 0.001), "temperature too low"),
    "learning rate 30 times too high": (
        "MoCo", all_of(put("optim_wrapper.optimizer.lr", 3.0), put("optim_wrapper.clip_grad", None)),
        "learning rate too high",
    ),
    "views without augmentation": ("SimCLR", same_views, "no random transforms"),
    "mean and std for 0 to 1": (
        "MoCoV3", put("model.data_preprocessor", {**PREPROCESSOR, "mean": [0.45], "std": [0.22]}),
        "pixels from 0 to 1",
    ),
    "frozen backbone": ("BarlowTwins", put("model.backbone.frozen_stages", 4), "frozen"),
    "momentum encoder stands still": ("BYOL", put("model.base_momentum", 1e-12), "momentum"),
    "no Sinkhorn iterations": ("SwAV", put("model.head.loss.sinkhorn_iterations", 0), "sinkhorn"),
}  # fmt: skip


def run(mistake: str, method: str, iters: int, seed: int, device: str = "cpu") -> tuple[int, str]:
    """Train with a mistake (or none); return how many iterations were done, and what the doctor said."""
    warnings.filterwarnings("ignore", category=UserWarning)
    with tempfile.TemporaryDirectory() as folder:
        cfg = Config(run_config(method, folder, iters, seed, "resnet", device=device)).to_dict()  # a copy
        if mistake:
            PLANTED[mistake][1](cfg)
        cfg["custom_hooks"] = [{"type": "CollapseDoctorHook"}]
        runner = Runner.from_cfg(Config(cfg))
        try:
            runner.train()
        except TrainingError as error:
            return runner.iter + 1, error.message
        return runner.iter, ""


def planted(names: list[str], args: argparse.Namespace) -> None:
    """Run with each of the mistakes, and print what was found."""
    found = right = 0
    calls = {name: (name, PLANTED[name][0], args.iters, 0, args.device) for name in names}
    for name, future in results(args.jobs, run, calls):
        (done, message), (method, _, sign) = future.result(), PLANTED[name]
        found += bool(message)
        right += sign in message
        print(f"| {name} | {method} | {done if message else 'not found'} | {message} |", flush=True)
    print(f"{found} of {len(names)} planted mistakes found, {right} with the right diagnosis")


def sound(methods: list[str], args: argparse.Namespace) -> None:
    """Run without a mistake, a method that comes again with the next seed, and print the alarms."""
    alarms = 0
    runs = [(method, methods[:number].count(method)) for number, method in enumerate(methods)]
    calls = {(method, seed): ("", method, args.iters, seed, args.device) for method, seed in runs}
    for (method, seed), future in results(args.jobs, run, calls):
        _, message = future.result()
        alarms += bool(message)
        print(f"| {method} | seed {seed} | {message or 'no alarm'} |", flush=True)
    print(f"{alarms} alarms in {len(runs)} sound runs")


def main() -> None:
    """Run, and print two tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=("planted", "sound"))
    parser.add_argument("--iters", type=int, default=LIMIT)
    parser.add_argument("--sound", type=int, default=20, help="number of sound runs")
    parser.add_argument("--names", nargs="*", help="mistakes or methods whose name contains one of these")
    parser.add_argument("--jobs", type=int, default=1, help="how many runs at once, each in a process")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    args = parser.parse_args()
    if args.jobs < 1:
        parser.error(f"--jobs is {args.jobs}; give 1 or more")

    def wanted(names: Iterable[str]) -> list[str]:
        return [name for name in names if not args.names or any(part in name for part in args.names)]

    if args.only != "sound":
        planted(wanted(PLANTED), args)
    if args.only != "planted":
        small = [name for name, method in METHODS.items() if method.side == SIDE and not method.teacher]
        sound(list(islice(cycle(wanted(small)), args.sound)), args)


if __name__ == "__main__":
    main()
