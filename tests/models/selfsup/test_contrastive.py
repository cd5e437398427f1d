"""Methods that compare views: the numbers of the reference environment, and what they refuse."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import MODELS
from tests.contracts.signatures import check_signature
from tests.models.selfsup.cases import model_of
from tests.models.selfsup.facts import picture, play

ALGORITHMS = ["BarlowTwins", "BYOL", "DenseCL", "MoCo", "MoCoV3", "SimCLR", "SimSiam", "SwAV"]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_two_steps_as_recorded(name):
    assert play("algorithms", name) == []


@pytest.mark.parametrize("name", [*ALGORITHMS, "MoCoV3ViT"])
def test_signature(name):
    check_signature("mmpretrain.MODELS", name, MODELS.get(name))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_views_that_differ_in_number(name):
    model, view = model_of(name), picture((4, 3, 32, 32), 0)
    for inputs in (view, [view], [view] * 9, [view, view[:2], *[view] * 3][: 5 if name == "SwAV" else 2]):
        with pytest.raises(DataError, match="views of"):
            model(inputs, mode="loss")


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("part", ["neck", "head"])
def test_a_part_that_is_missing(name, part):
    with pytest.raises(ConfigError, match=f"{name} needs a {part}, got None"):
        model_of(name, **{part: None})
