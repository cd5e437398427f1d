"""``lr_config`` and ``momentum_config`` give the values of MMCV 1.7.2 at every iteration.

``data/mmcv_curves.json.gz`` was made by building updater hooks of MMCV 1.7.2 (torch 2.13) from each config
and calling their ``before_run``, ``before_train_epoch`` and ``before_train_iter`` for a run of 6 epochs of 7
iterations on an optimizer (SGD, momentum 0.9, or Adam) with two groups, of learning rates 0.1 and 0.2.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import torch

from mmpretrain.config import Config
from mmpretrain.engine.schedulers import build_param_schedulers
from mmpretrain.errors import ConfigError

DATA = json.loads(gzip.decompress((Path(__file__).parent / "data" / "mmcv_curves.json.gz").read_bytes()))
EPOCHS, LENGTH = DATA["epochs"], DATA["epoch_length"]


def make_optimizer(kind: str) -> torch.optim.Optimizer:
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in (0.1, 0.2)]
    if kind == "Adam":
        return torch.optim.Adam(groups, betas=(0.9, 0.999))
    return torch.optim.SGD(groups, lr=0.1, momentum=0.9)


def run(cfg: Config, optimizer: torch.optim.Optimizer) -> tuple[list, list]:
    """Step as the parameter scheduler hook does; return the learning rates and momenta of all iterations."""
    by_epoch = cfg.train_cfg.by_epoch
    schedulers = build_param_schedulers(
        cfg.get("param_scheduler"),
        optimizer,
        max_epochs=EPOCHS if by_epoch else None,
        max_iters=EPOCHS * LENGTH,
        epoch_length=LENGTH if by_epoch else None,
    )
    lr, momentum = [], []
    for iteration in range(1, EPOCHS * LENGTH + 1):
        lr.append([group["lr"] for group in optimizer.param_groups])
        momentum.append(
            [group["betas"][0] if "betas" in group else group["momentum"] for group in optimizer.param_groups]
        )
        for scheduler in schedulers:
            if not scheduler.by_epoch or iteration % LENGTH == 0:
                scheduler.step()
    return lr, momentum


def translated(case: dict) -> Config:
    runner = dict(type="EpochBasedRunner", max_epochs=EPOCHS)
    if case.get("runner") == "iter":
        runner = dict(type="IterBasedRunner", max_iters=EPOCHS * LENGTH)
    old = {f"{kind}_config": case[kind] for kind in ("lr", "momentum") if kind in case}
    return Config.fromstring(json.dumps(dict(runner=runner, **old)), ".json").modern()


@pytest.mark.parametrize("policy", sorted({(c.get("lr") or c["momentum"])["policy"] for c in DATA["cases"]}))
def test_every_iteration_has_the_value_of_mmcv(policy):
    cases = [case for case in DATA["cases"] if (case.get("lr") or case["momentum"])["policy"] == policy]
    for case in cases:
        cfg = translated(case)
        lr, momentum = run(cfg, make_optimizer(case.get("optimizer", "SGD")))
        for name, ours in (("lr_curve", lr), ("momentum_curve", momentum)):
            if name in case:
                difference = (torch.tensor(ours, dtype=torch.double) - torch.tensor(case[name])).abs().max()
                assert difference <= 1e-6, (name, {k: v for k, v in case.items() if "curve" not in k}, cfg)


def test_plain_schedules_become_native_ones():
    cases = {
        "MultiStepLR": dict(policy="step", step=[30, 60]),
        "StepLR": dict(policy="step", step=10),
        "CosineAnnealingLR": dict(policy="CosineAnnealing", min_lr=0),
        "PolyLR": dict(policy="poly", power=0.9, min_lr=1e-4),
        "ExponentialLR": dict(policy="exp", gamma=0.9),
    }
    for kind, lr_config in cases.items():
        assert [item.type for item in translated(dict(lr=lr_config)).param_scheduler] == [kind]
    warmed = translated(dict(lr=dict(policy="step", step=[2], warmup="linear", warmup_iters=5)))
    assert [item.type for item in warmed.param_scheduler] == ["LinearLR", "MultiStepLR"]
    assert translated(dict(lr=dict(policy="fixed"))).param_scheduler == []


@pytest.mark.parametrize(
    ("lr_config", "message"),
    [
        (dict(policy="CosineAnealing", min_lr=0), "Did you mean 'CosineAnnealing'"),
        (dict(policy="cyclic", by_epoch=True), "cyclic always counts iterations"),
        (dict(step=[3]), "has no policy"),
    ],
)
def test_what_cannot_be_translated(lr_config, message):
    with pytest.raises(ConfigError, match=message):
        translated(dict(lr=lr_config))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(policy="no"), "There is no policy 'no'"),
        (dict(policy="exp", unit="iter"), "Policy exp needs the argument 'gamma'"),
        (dict(policy="fixed"), "convert_to_iter_based=True"),
        (dict(policy="fixed", unit="iter", warmup="cubic"), "warmup must be"),
        (dict(policy="CosineAnnealing", unit="iter"), "either a minimum or the ratio"),
        (
            dict(policy="CosineRestart", unit="iter", minimum=0, periods=[0, 3], restart_weights=[1]),
            "2 periods",
        ),
        (dict(policy="OneCycle", unit="iter", maximum=1, total_steps=5), "total_steps=5 is less"),
    ],
)
def test_wrong_arguments(options, message):
    scheduler = dict(type="LegacyLR", by_epoch=False, end=9, **options)
    with pytest.raises(ConfigError, match=message):
        build_param_schedulers(scheduler, make_optimizer("SGD"))
