"""Tests of :mod:`mmpretrain.engine.hooks.precise_bn`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.engine.hooks.precise_bn import update_bn_stats
from mmpretrain.engine.runner.dataloader import start_epoch
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS
from tests.engine import tiny
from tests.engine.optimizers.averaged_cases import REFERENCE
from tests.engine.optimizers.optim_cases import TinyNet, batch, fingerprint


class WithPreprocessor(tiny.TinyModel):
    def __init__(self):
        super().__init__(dropout=0.0)
        self.data_preprocessor = lambda data, training: {"inputs": data["inputs"]}


@pytest.mark.parametrize(
    "train_cfg",
    [dict(by_epoch=True, max_epochs=2), dict(by_epoch=False, max_iters=16, val_interval=100)],
    ids=["epochs", "iterations"],
)
@pytest.mark.parametrize("workers", [0, 1])
def test_precise_bn_in_a_run(make_runner, train_cfg, workers):
    """The statistics at the end are those of the last weights, and training is not disturbed."""

    def train(hooks):
        torch.manual_seed(0)
        data = tiny.loader(workers=workers)
        runner = make_runner(
            model=WithPreprocessor(),
            train_dataloader=data,
            train_cfg=train_cfg,
            custom_hooks=hooks,
            param_scheduler=None,
        )
        runner.train()
        return runner

    by_epoch = train_cfg["by_epoch"]
    runner = train([dict(type="PreciseBNHook", num_samples=16, interval=1 if by_epoch else 8)])
    plain = train([])
    for name, param in plain.model.named_parameters():
        assert torch.equal(param, dict(runner.model.named_parameters())[name])
    bn = runner.model.backbone[1]
    assert not torch.equal(bn.running_mean, plain.model.backbone[1].running_mean)
    if workers == 0:
        seen, expected = (len(r.train_dataloader.dataset.loaded) for r in (runner, plain))
        assert seen - expected == 2 * 16
    if by_epoch:
        batches = start_epoch(runner.train_dataloader, runner.epoch - 1)
        outputs = [runner.model.backbone[0](batch["inputs"]) for _, batch in zip(range(4), batches)]
        assert torch.allclose(bn.running_mean, torch.stack([x.mean(0) for x in outputs]).mean(0), atol=1e-5)
        assert torch.allclose(bn.running_var, torch.stack([x.var(0) for x in outputs]).mean(0), atol=1e-5)


def test_precise_bn_settings():
    with pytest.raises(ConfigError, match="must be positive"):
        HOOKS.build(dict(type="PreciseBNHook", num_samples=0))


class Loader(list):
    batch_size = 4


def bn_model():
    model = TinyNet()
    model.data_preprocessor = lambda data, training: data  # type: ignore[assignment]
    return model


def test_precise_bn_numbers():
    model = bn_model()
    update_bn_stats(model, Loader({"x": batch(step)[0]} for step in range(6)), num_samples=19)
    assert fingerprint(model) == pytest.approx(REFERENCE["precise_bn"], rel=1e-5, abs=1e-6)
    assert [m.momentum for m in model.modules() if isinstance(m, nn.BatchNorm2d)] == [0.1, 0.1]


def test_precise_bn_without_anything_to_do(caplog):
    loader = Loader([{"x": batch(0)[0]}])
    update_bn_stats(bn_model().eval(), loader)
    update_bn_stats(bn_model(), loader, num_samples=3)
    assert "no BatchNorm" in caplog.text
    assert "less than one batch" in caplog.text
