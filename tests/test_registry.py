"""Registries: names, scopes, lazy locations, and errors that say what to do."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

from mmpretrain import registry as registries
from mmpretrain.errors import ArgumentError, ConfigError, NotRegisteredError, OptionalDependencyError
from mmpretrain.registry import ALL, MODELS, TRANSFORMS, Registry, find_class
from mmpretrain.utils import register_all_modules

FACTS = Path(__file__).parent / "facts"

#: The registries of MMPretrain 1.x.
NAMES = """RUNNERS RUNNER_CONSTRUCTORS LOOPS HOOKS LOG_PROCESSORS OPTIMIZERS OPTIM_WRAPPERS
OPTIM_WRAPPER_CONSTRUCTORS PARAM_SCHEDULERS DATASETS DATA_SAMPLERS TRANSFORMS MODELS MODEL_WRAPPERS
WEIGHT_INITIALIZERS BATCH_AUGMENTS TASK_UTILS METRICS EVALUATORS VISUALIZERS VISBACKENDS""".split()


class Node(dict):
    """A config node that knows where it was written."""

    def source(self, key):
        return f"configs/my.py:{sorted(self).index(key) + 1 if key in self else 0} (model.{key})"


@pytest.fixture
def pets():
    registry = Registry("pet")

    @registry.register_module()
    class Cat:
        def __init__(self, lives, name="Tom"):
            self.lives = lives
            self.name = name

    registry.register_module(name=["Dog", "Hound"], module=type("Dog", (), {}))
    return registry


def test_all_21_registries_are_there():
    assert len(NAMES) == 21
    assert all(isinstance(getattr(registries, name), Registry) for name in NAMES)


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_name_in_a_table_can_be_imported(name):
    """A table entry that leads nowhere would fail only in the run of a user."""
    registry = ALL[name]
    foreign = {"OPTIMIZERS": {"Muon"}}.get(name, set())  # not in every torch
    for key, module in registry._table().items():
        __import__(module)
        exported = hasattr(sys.modules[module], key)
        registered = any(key in other.module_dict for other in ALL.values())
        assert exported or registered or key in foreign, f"{key} is not in {module}"


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


@pytest.mark.parametrize("scope", ["mmpretrain", "mmcls", "mmselfsup", "mmengine", "mmcv"])
def test_scopes_of_the_old_libraries(pets, scope):
    assert pets.get(f"{scope}.Cat") is pets.get("Cat")


def test_names_can_be_import_paths():
    assert MODELS.get("torch.nn.Linear").__name__ == "Linear"
    assert MODELS.get("torch.nn.NoSuchThing") is None
    assert MODELS.get("no_such_package.Net") is None


def test_two_names_for_one_class(pets):
    assert pets.get("Dog") is pets.get("Hound")
    assert "Dog" in pets
    assert "Fish" not in pets
    assert len(pets) == 3


def test_registering_twice_needs_force(pets):
    with pytest.raises(KeyError, match="already registered"):
        pets.register_module(name="Cat", module=int)
    pets.register_module(name="Cat", module=int, force=True)
    assert pets.get("Cat") is int


def test_decorator_without_parentheses(pets):
    @pets.register_module
    class Fish:
        pass

    assert pets.get("Fish") is Fish


def test_parent_and_child_registries(pets):
    child = Registry("pet", parent=pets, scope="zoo")
    child.register_module(name="Lion", module=type("Lion", (), {}))
    assert child.get("Cat") is pets.get("Cat")
    assert pets.get("zoo.Lion") is child.get("Lion")
    assert pets.get("Lion") is None


def test_locations_are_imported_when_asked(monkeypatch):
    package = types.ModuleType("lazy_pets")
    package.__components__ = {"Snake": "lazy_pets_snake"}
    module = types.ModuleType("lazy_pets_snake")
    monkeypatch.setitem(sys.modules, "lazy_pets", package)
    registry = Registry("pet", locations=["lazy_pets"])
    assert registry.names() == ["Snake"]
    lines = 'registry.register_module(name="Snake", module=type("Snake", (), {}))'
    exec(lines, {"registry": registry, "__name__": "lazy_pets_snake"})
    monkeypatch.setitem(sys.modules, "lazy_pets_snake", module)
    assert registry.get("Snake") is not None


def test_unknown_type_suggests(pets):
    with pytest.raises(NotRegisteredError, match="Did you mean 'Cat'") as caught:
        pets.build(Node(type="Cta"))
    assert str(caught.value).startswith("configs/my.py:1 (model.type): 'Cta' is not a registered pet")


def test_unknown_type_finds_the_class_in_the_working_folder(pets, tmp_path, monkeypatch):
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "birds.py").write_text("import os\n\nclass Parrot:\n    pass\n")
    (tmp_path / "broken.py").write_text("class Parrot(:\n")
    monkeypatch.chdir(tmp_path)
    advice = re.escape("zoo/birds.py:3: add custom_imports=dict(imports=['zoo.birds']")
    with pytest.raises(NotRegisteredError, match=advice):
        pets.build(dict(type="Parrot"))


def test_find_class_leaves_environments_out(tmp_path):
    for folder in (".hidden", "env", "src"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.py").write_text("class A: pass\n")
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    assert [str(path) for path, _ in find_class("A", tmp_path)] == ["src/a.py"]


def test_type_in_the_wrong_place():
    with pytest.raises(NotRegisteredError, match="There is a hook of that name"):
        MODELS.build(dict(type="CheckpointHook"))


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


def test_foreign_prefix(monkeypatch):
    fake = types.ModuleType("torchvision.transforms")
    fake.RandomCrop = type("RandomCrop", (), {"__init__": lambda self, size: None})
    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.transforms", fake)
    monkeypatch.setattr(TRANSFORMS, "_objects", dict(TRANSFORMS._objects))
    assert TRANSFORMS.build(dict(type="torchvision/RandomCrop", size=4)) is not None
    with pytest.raises(ArgumentError, match="has no argument 'sise'"):
        TRANSFORMS.build(dict(type="torchvision/RandomCrop", sise=4))


def test_foreign_prefix_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision.transforms", None)
    with pytest.raises(OptionalDependencyError, match="does not import here"):
        TRANSFORMS.get("torchvision/RandomCrop")


def test_list_of_models_is_a_sequence():
    layers = MODELS.build([dict(type="torch.nn.Linear", in_features=2, out_features=3)] * 2)
    assert [type(layer).__name__ for layer in layers] == ["Linear", "Linear"]


def components():
    with gzip.open(FACTS / "components.json.gz") as file:
        return json.load(file)


def test_facts_know_no_registry_that_is_missing():
    assert {name.partition(".")[2] for name in components()} <= set(ALL) | {"EVALUATOR"}


def test_scripts_of_1x_register_modules_first():
    register_all_modules(init_default_scope=False)
    assert MODELS.get("ResNet").__name__ == "ResNet"


# -- names that are in use -----------------------------------------------------------------------------

OWN = """
from mmpretrain.registry import MODELS
@MODELS.register_module({force})
class ResNet:
    pass
"""


@pytest.mark.parametrize("built_in_first", [True, False])
@pytest.mark.parametrize("force", [True, False])
def test_an_own_class_with_the_name_of_a_built_in(tmp_path, built_in_first, force):
    """The answer does not depend on which of the two was imported first."""
    (tmp_path / "own_net.py").write_text(OWN.format(force="force=True" if force else ""))
    code = f"""
from mmpretrain.errors import NameTakenError
from mmpretrain.registry import MODELS
if {built_in_first}:
    MODELS.get('ResNet')
try:
    import own_net
except NameTakenError as error:
    print(error)
import mmpretrain.models.backbones.resnet
print(MODELS.get('ResNet').__module__)
"""
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert out.returncode == 0, out.stderr
    if force:
        assert out.stdout.strip() == "own_net"
    else:
        message, module = out.stdout.strip().splitlines()
        assert message.startswith("own_net.py:3: 'ResNet' is already registered as a model, in ")
        assert "backbones/resnet.py" in message
        assert "force=True" in message
        assert module == "mmpretrain.models.backbones.resnet"
