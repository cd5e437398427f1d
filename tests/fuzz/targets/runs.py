"""Runs: what ``check`` accepts must be built, trained, validated and saved without a traceback.

Every key of a config that uses every section gets every odd value, one at a time in an order that spreads
over the sections; later cases change two or three places.
"""

from __future__ import annotations

import tempfile
from functools import cache
from random import Random
from typing import Any

from mmpretrain.config import Config
from mmpretrain.config.validate import validate
from mmpretrain.engine.hooks import Hook
from mmpretrain.engine.runner import Runner
from mmpretrain.utils.logging import detach_run_log
from tests.fuzz.base_config import as_python, base_config
from tests.fuzz.case import Case, Target
from tests.fuzz.mutate import ODD_VALUES, mutate_tree, paths, put

#: More steps than the unchanged config takes.
_STEPS = 12


class Enough(BaseException):
    """The run has shown what it can do."""


class Limit(Hook):
    """Ends a run after some steps, whatever its config says."""

    priority = "LOWEST"

    def __init__(self) -> None:
        self.left = _STEPS

    def after_iter(self, *args: Any, **kwargs: Any) -> None:
        self.left -= 1
        if self.left <= 0:
            raise Enough

    after_train_iter = after_val_iter = after_test_iter = after_iter


@cache
def _single_changes() -> list[tuple[tuple[Any, ...], int]]:
    base = base_config()
    # A path and its values meet in an order where neighbours differ in both.
    places = paths(base)
    changes = [(path, value) for path in places for value in range(len(ODD_VALUES))]
    Random(0).shuffle(changes)
    return changes


def make(rng: Random, number: int) -> Case:
    """First every odd value at every key, then several changes at once."""
    base = base_config()
    singles = _single_changes()
    if number < len(singles):
        path, index = singles[number]
        name = ".".join(map(str, path))
        return _case(put(base, path, ODD_VALUES[index]), f"{name} = {str(ODD_VALUES[index])[:60]!r}")
    notes = []
    for _ in range(rng.choice((1, 2, 2, 3))):
        base, note = mutate_tree(base, rng)
        notes.append(note)
    return _case(base, "; ".join(notes))


def _case(values: dict[Any, Any], note: str) -> Case:
    return Case(note, {"my.py": as_python(values).encode("utf-8", "replace")})


def run(case: Case) -> None:
    """Check the config as ``train`` does, and train for a moment."""
    cfg = Config.fromfile("my.py")
    if validate(cfg):
        return
    try:
        runner = Runner.from_cfg(cfg)
        runner.register_hook(Limit())
        if runner.cfg.get("train_dataloader"):
            runner.train()
        if runner.cfg.get("test_dataloader"):
            runner.test()
    except Enough:
        pass


def prepare() -> None:
    """Import what a run imports."""
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner.from_cfg(Config({**base_config(), "work_dir": folder}))
        runner.build_training()
        detach_run_log()


TARGET = Target("runs", make, run, seconds=60, megabytes=1024, quick=10, prepare=prepare)
