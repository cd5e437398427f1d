"""Tests of :mod:`mmpretrain.compat.schedulers.legacy`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.config import Config
from mmpretrain.engine.schedulers import build_param_schedulers
from mmpretrain.errors import ConfigError
from tests.compat.schedulers.policy_cases import DATA, EPOCHS, LENGTH, translated


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
