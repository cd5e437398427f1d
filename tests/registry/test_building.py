"""Tests of :mod:`mmpretrain.registry.building`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ArgumentError, ConfigError
from mmpretrain.registry import MODELS
from tests.registry.cases import Node


def test_build_from_dict(pets):
    cat = pets.build(dict(type="Cat", lives=9))
    assert (cat.lives, cat.name) == (9, "Tom")
    assert pets.build(dict(type="Cat"), default_args=dict(lives=1, name="Kitty")).name == "Kitty"


def test_build_leaves_the_config_alone(pets):
    cfg = dict(type="Cat", lives=9, _scope_="mmcls")
    pets.build(cfg)
    assert cfg == dict(type="Cat", lives=9, _scope_="mmcls")


def test_build_takes_classes_and_objects(pets):
    cat_class = pets.get("Cat")
    cat = pets.build(dict(type=cat_class, lives=2))
    assert isinstance(cat, cat_class)
    assert pets.build(cat) is cat


@pytest.mark.parametrize("wrong", [None, "Cat", 3, ["Cat"]])
def test_build_refuses_what_is_no_config(pets, wrong):
    with pytest.raises(TypeError, match="must be a dict with a 'type'"):
        pets.build(wrong)


def test_unknown_argument(pets):
    with pytest.raises(ArgumentError) as caught:
        pets.build(Node(type="Cat", lifes=9))
    place, _, problem = str(caught.value).partition(": ")
    assert place == "configs/my.py:1 (model.lifes)"
    assert problem == "Cat has no argument 'lifes'. Did you mean 'lives'?"


def test_missing_argument(pets):
    with pytest.raises(ArgumentError, match="Cat needs the argument 'lives'"):
        pets.build(dict(type="Cat"))


def test_missing_type(pets):
    with pytest.raises(ConfigError, match="needs the key 'type'"):
        pets.build(dict(lives=9))


def test_errors_inside_a_constructor_are_not_hidden(pets):
    @pets.register_module()
    class Moody:
        def __init__(self):
            raise TypeError("not today")

    with pytest.raises(TypeError, match="not today"):
        pets.build(dict(type="Moody"))


def test_list_of_models_is_a_sequence():
    layers = MODELS.build([dict(type="torch.nn.Linear", in_features=2, out_features=3)] * 2)
    assert [type(layer).__name__ for layer in layers] == ["Linear", "Linear"]
