"""Schedules without training, against those of a simulated run of MMPretrain 1.2."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from mmpretrain.analysis.schedule import Length, curve, training_length
from mmpretrain.config import Config
from mmpretrain.config.zoo import find_config
from mmpretrain.errors import ConfigError

REFERENCE = json.loads(gzip.decompress((Path(__file__).parent / "data" / "schedules.json.gz").read_bytes()))


@pytest.mark.parametrize("name", REFERENCE)
def test_curves_of_the_reference(name):
    case = REFERENCE[name]
    cfg = Config.fromfile(find_config(f"configs/{name}"))
    cfg.train_cfg.max_epochs = case["epochs"]
    length = Length(case["iters"], case["epoch"], case["size"], case["batch"])
    for parameter in ("lr", "momentum", "wd"):
        if parameter == "momentum" and cfg.optim_wrapper.optimizer.type == "Lamb":
            continue
        values = curve(cfg, parameter, length)
        assert len(values) == case["iters"]
        for index, expected in case[parameter].items():
            assert values[int(index)] == pytest.approx(expected, rel=1e-6, abs=1e-12), (parameter, index)


def digits(**changes):
    cfg = Config.fromfile(find_config("lenet5_digits"))
    cfg.merge_from_dict(changes)
    return cfg


def test_length():
    found = training_length(digits(), gpus=2)
    assert found.samples == 1442
    assert found.epoch == -(-721 // found.batch * 2)
    assert training_length(digits(), 1000).epoch == -(-1000 // digits().train_dataloader.batch_size)
    dropped = digits(**{"train_dataloader.drop_last": True, "train_dataloader.batch_size": 64})
    assert training_length(dropped, 1000).epoch == 15
    loop = digits()
    loop.train_cfg = dict(by_epoch=False, max_iters=70)
    assert training_length(loop) == Length(70, None, None, loop.train_dataloader.batch_size)


def test_the_rate_is_scaled_where_the_run_scales_it():
    cfg = digits(param_scheduler=None, auto_scale_lr=dict(enable=True, base_batch_size=32))
    rate = cfg.optim_wrapper.optimizer.lr
    assert curve(cfg, "lr", Length(3, None, None, 64)).tolist() == [2 * rate] * 3


@pytest.mark.parametrize(
    ("changes", "parameter", "message"),
    [
        ({"optim_wrapper.optimizer": dict(_delete_=True, type="Adagrad", lr=1)}, "momentum", "no momentum"),
        ({"param_scheduler": dict(type="ReduceOnPlateauLR")}, "lr", "by the metrics"),
        ({"optim_wrapper": dict(_delete_=True, a=1)}, "lr", "names no optimizer"),
    ],
)
def test_what_has_no_curve(changes, parameter, message):
    cfg = digits()
    for key, value in changes.items():
        value.pop("_delete_", None)
        node = cfg
        *path, last = key.split(".")
        for part in path:
            node = node[part]
        node[last] = value
    with pytest.raises(ConfigError, match=message):
        curve(cfg, parameter, Length(4, 2, 10, 5))


def test_a_config_that_trains_nothing():
    with pytest.raises(ConfigError, match="trains nothing"):
        training_length(Config(dict(model={})))
    with pytest.raises(ConfigError, match="has no batch"):
        training_length(digits(**{"train_dataloader.drop_last": True}), 3)
