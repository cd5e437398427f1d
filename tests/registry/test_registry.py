"""Tests of :mod:`mmpretrain.registry.registry`."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import types
from pathlib import Path

import pytest

from mmpretrain import registry as registries
from mmpretrain.errors import ArgumentError, OptionalDependencyError
from mmpretrain.registry import ALL, EVALUATORS, HOOKS, METRICS, MODELS, TRANSFORMS, Registry
from mmpretrain.utils import register_all_modules

FACTS = Path(__file__).parents[1] / "facts"

#: The registries of MMPretrain 1.x.
NAMES = """RUNNERS RUNNER_CONSTRUCTORS LOOPS HOOKS LOG_PROCESSORS OPTIMIZERS OPTIM_WRAPPERS
OPTIM_WRAPPER_CONSTRUCTORS PARAM_SCHEDULERS DATASETS DATA_SAMPLERS TRANSFORMS MODELS MODEL_WRAPPERS
WEIGHT_INITIALIZERS BATCH_AUGMENTS TASK_UTILS METRICS EVALUATORS VISUALIZERS VISBACKENDS""".split()


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
    assert registry.declares("Snake")
    assert registry.names() == []  # its module cannot be imported yet
    lines = 'registry.register_module(name="Snake", module=type("Snake", (), {}))'
    exec(lines, {"registry": registry, "__name__": "lazy_pets_snake"})
    monkeypatch.setitem(sys.modules, "lazy_pets_snake", module)
    assert registry.get("Snake") is not None
    assert registry.names() == ["Snake"]


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


def components():
    with gzip.open(FACTS / "components.json.gz") as file:
        return json.load(file)


def test_facts_know_no_registry_that_is_missing():
    assert {name.partition(".")[2] for name in components()} <= set(ALL) | {"EVALUATOR"}


def test_scripts_of_1x_register_modules_first():
    register_all_modules(init_default_scope=False)
    assert MODELS.get("ResNet").__name__ == "ResNet"


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


@pytest.mark.parametrize("built_in_first", [True, False])
def test_a_name_that_1x_did_not_have_is_the_users(tmp_path, built_in_first):
    """Code for 1.x with a class of its own, whose name is one of ours today, works as it did."""
    (tmp_path / "own_net.py").write_text(OWN.format(force="").replace("ResNet", "L1Loss"))
    code = f"""
from mmpretrain.registry import MODELS
if {built_in_first}:
    MODELS.get('L1Loss')
import own_net
import mmpretrain.models.losses.regression
print(MODELS.get('L1Loss').__module__, MODELS.get('MSELoss').__module__)
"""
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert out.returncode == 0, out.stderr
    assert out.stdout.split() == ["own_net", "mmpretrain.models.losses.regression"]
    assert "own_net.py:3: L1Loss replaces the model of this package of that name" in out.stderr


def test_names_of_1x():
    from mmpretrain.registry.registry import _former_names

    recorded = json.loads(gzip.decompress((FACTS / "components.json.gz").read_bytes()))
    assert _former_names() == {name for names in recorded.values() for name in names}


def test_a_child_without_a_scope_does_not_hide_paths_of_ours():
    """As tutorials write it: ``Registry('own', parent=MODELS)``; its scope is ours by default."""
    from mmpretrain.registry import MODELS, Registry

    child = Registry("own", parent=MODELS)
    assert MODELS.children["mmpretrain"] is child
    assert MODELS.get("mmpretrain.models.backbones.LeNet5").__name__ == "LeNet5"
    assert child.get("LeNet5").__name__ == "LeNet5"


def test_names_are_those_that_can_be_built():
    """The tables also list functions and classes of other kinds that live in the same packages."""
    assert {"AUROC", "Accuracy"} <= set(METRICS.names())
    for registry in (METRICS, HOOKS, EVALUATORS):
        assert all(registry.get(name) is not None for name in registry)
    assert METRICS.declares("auroc")  # a function of the room
    assert "auroc" not in METRICS.names()
    assert METRICS.get("auroc") is None
