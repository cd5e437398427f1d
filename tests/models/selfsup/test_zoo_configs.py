"""The zoo's configs of methods that compare views train in small, through the runner."""

from __future__ import annotations

import math

import pytest

from mmpretrain.config import Config
from mmpretrain.config.validate import validate
from mmpretrain.engine.runner import Runner
from tests.models.selfsup.small import ZOO, small_config, write_images

FAMILIES = [
    "barlowtwins", "byol", "densecl", "dino", "dinov2", "ibot", "mocov2", "mocov3", "nnclr", "simclr",
    "simsiam", "swav", "vicreg",
]  # fmt: skip
CONFIGS = [
    path.relative_to(ZOO).as_posix()
    for family in FAMILIES
    for path in sorted((ZOO / family).glob(f"{family}_*.py"))
]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("images"))


def test_every_family_has_a_config():
    assert {name.partition("/")[0] for name in CONFIGS} == set(FAMILIES)


@pytest.mark.parametrize("name", CONFIGS)
def test_trains(name, images, tmp_path):
    assert validate(Config.fromfile(ZOO / name), files=False) == []
    runner = Runner.from_cfg(small_config(name, images, tmp_path))
    runner.train()
    assert runner.iter == 2
    losses = [history.current() for key, history in runner.message_hub.log_scalars.items() if "loss" in key]
    assert losses
    assert all(map(math.isfinite, losses))
