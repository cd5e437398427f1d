"""What every hook must do, over the registry."""

from __future__ import annotations

import gzip
import inspect
import json
import pickle
from pathlib import Path

import pytest

from mmpretrain.engine.hooks import Hook, get_priority
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS

FACTS = Path(__file__).parents[1] / "facts"
GONE = {"NPUProfilerHook", "RFSearchHook"}

#: Arguments of hooks that cannot do without.
ARGUMENTS: dict[str, dict] = {
    "ClosureHook": {"fn_name": "after_train_epoch", "fn": print},
    "EarlyStoppingHook": {"monitor": "accuracy/top1"},
    "KNNHook": {"bank": {}, "queries": {}},
    "OnlineProbeHook": {"num_classes": 2},
    "PrepareTTAHook": {"tta_cfg": {}},
    "SimSiamHook": {"fix_pred_lr": True, "lr": 0.05},
    "SwAVHook": {"batch_size": 4},
    "SwitchRecipeHook": {"schedule": []},
    "TimeBudgetHook": {"seconds": 60},
    "ValLossHook": {"dataloader": {}},
    "WarmupParamHook": {"param_name": "alpha", "module_name": "head", "warmup_epochs": 1},
}


def is_ours(name):
    """Tests of other modules register hooks of their own."""
    return getattr(HOOKS.get(name), "__module__", "").startswith("mmpretrain.")


NAMES = [name for name in HOOKS if name not in GONE and is_ours(name)]


def build(name):
    return HOOKS.build({"type": name, **ARGUMENTS.get(name, {})})


def facts(name):
    return json.loads(gzip.decompress((FACTS / f"{name}.json.gz").read_bytes()))


def test_every_hook_of_the_reference_is_here():
    components = facts("components")
    for name in {*components["mmengine.HOOKS"], *components["mmpretrain.HOOKS"]}:
        assert HOOKS.get(name) is not None, name


@pytest.mark.parametrize("name", facts("components")["mmpretrain.HOOKS"])
def test_arguments_of_the_reference(name):
    signature = facts("components")["mmpretrain.HOOKS"][name]
    here = inspect.signature(HOOKS.get(name)).parameters
    for argument in here:
        assert argument in signature, argument
    for part in signature.strip("()").partition(" ->")[0].rstrip(")").split(", "):
        argument = part.partition(":")[0].partition("=")[0].lstrip("*")
        if argument.isidentifier():
            assert argument in here, argument


@pytest.mark.parametrize("name", NAMES)
def test_points_and_priority(name):
    kind = HOOKS.get(name)
    assert issubclass(kind, Hook)
    assert 0 <= get_priority(kind.priority) <= 100
    assert kind.__doc__
    hook = build(name)
    assert set(hook.get_triggered_stages()) <= set(Hook.stages)
    for stage in Hook.stages:
        ours, theirs = getattr(kind, stage), getattr(Hook, stage)
        if ours is theirs:
            continue
        # A hook is called with keywords: it must take those of the base.
        inspect.signature(ours).bind(hook, **dict.fromkeys(list(inspect.signature(theirs).parameters)[1:]))
    assert hook.get_triggered_stages(), "a hook that never does anything"


@pytest.mark.parametrize("name", NAMES)
def test_state_is_plain_and_comes_back(name):
    state = build(name).state_dict()
    assert isinstance(state, dict)
    json.dumps(state)  # nothing but containers, strings and numbers in a fresh hook
    if state:
        other = build(name)
        other.load_state_dict(pickle.loads(pickle.dumps(state)))
        assert other.state_dict() == state


def untuple(node):
    return tuple(node["__tuple__"]) if "__tuple__" in node else node


def test_every_hook_of_the_zoo_builds():
    configs = facts("resolved_configs").values()
    hooks = {json.dumps(h) for cfg in configs for h in cfg.get("custom_hooks", [])}
    hooks |= {json.dumps(h) for cfg in configs for h in (cfg.get("default_hooks") or {}).values()}
    assert len(hooks) > 25
    for text in hooks:
        cfg = json.loads(text, object_hook=untuple)
        assert get_priority(cfg.pop("priority", "NORMAL")) > 0
        assert isinstance(HOOKS.build(cfg), Hook)


@pytest.mark.parametrize("name", sorted(GONE))
def test_what_is_gone_says_so(name):
    with pytest.raises(ConfigError, match="not part of mmpretrain"):
        HOOKS.build({"type": name})
