"""What stands behind ``--cfg-options``: odd keys, odd values, on the config that uses every section."""

from __future__ import annotations

from functools import cache
from random import Random

from mmpretrain.config import Config, parse_options
from mmpretrain.config.validate import validate
from tests.fuzz.base_config import base_config
from tests.fuzz.case import Case, Target
from tests.fuzz.mutate import ODD_TEXT, ODD_VALUES, mutate_text, paths

_WHOLE = (
    "", "=", "a", "a=", "=a", "==", "a==b", "a=b=c", "a.b=c", ".a=1", "a.=1", "..=1", "model=3",
    "model=None", "model={}", "model=[]", "model.type=", "model.type=None", "model.type=[1]",
    "model.backbone=3", "model.backbone.type.x=3", "a=(", "a=)", "a=(]", "a=[(])", "a=[1,2", "a=1,2,",
    "a=,", "a=,,", "a=()", "a=[]", "a=(,)", "a={", "a={}}", "a={1:2}", "a={[]:1}", "a={1}", "a='", 'a="',
    "a='x", "a=\"'\"", "a=[['a'],('b',)]", "a=nan", "a=-inf", "a=1e999", "a=1_0", "a=٣", "a=0x10",
    "a=true,False,None", "_base_=x.py", "_delete_=True", "model._delete_=True", "0=1", "0.0=1",
    "train_dataloader.dataset=3", "train_dataloader.dataset.pipeline.0.type=None",
    "param_scheduler.99.type=x", "param_scheduler.-1.begin=3", "param_scheduler.x=3", "param_scheduler.0=3",
    "param_scheduler.0.milestones.0=1", "param_scheduler.=3", "param_scheduler.٣=1", "param_scheduler.²=1",
    "model.head.topk.0=3", "model.head.topk.x=3", "custom_imports=x", "custom_imports.imports=nowhere",
    "custom_imports=3", "default_hooks.x=3", "items=3", "model.items=3", "model.copy=3",
    "data.samples_per_gpu=3", "runner.max_epochs=3", "optimizer.lr=3", "lr_config=3",
    "log_config.interval=1", "a=" + "9" * 5000, "a=" + "[" * 5000, "a=" + "[" * 3000 + "]" * 3000,
    "a=" + "(" * 900 + ")" * 900, "a={" * 3000, "a={" + "[" * 3000 + "]" * 3000 + "}",
    ".".join("a" * 3000) + "=1", "a=" + "1," * 20000, "work_dir=\0", "a=\ud800",
    "a={'x': __import__('os')}", "a={'x': 1 + 2}", "a={**{}}", "a={'a':1,'a':2}", "load_from=\n",
    "resume=maybe",
)  # fmt: skip


@cache
def _paths() -> list[str]:
    return [".".join(map(str, path)) for path in paths(base_config())]


def make(rng: Random, number: int) -> Case:
    """First options written by hand, then random values at the paths of the config."""
    if number < len(_WHOLE):
        return Case(f"{_WHOLE[number][:60]!r}", argument=[_WHOLE[number]])
    options = []
    for _ in range(rng.choice((1, 1, 2, 4))):
        value = str(rng.choice((*ODD_VALUES, *ODD_TEXT)))
        if rng.random() < 0.3:
            value = mutate_text(value, rng)
        key = rng.choice(_paths())
        if rng.random() < 0.3:
            key = mutate_text(key, rng)
        options.append(f"{key}={value}")
    return Case("; ".join(option[:60] for option in options), argument=options)


def run(case: Case) -> None:
    """Merge the options into the config and check it."""
    cfg = Config(base_config())
    cfg.merge_from_dict(parse_options(case.argument))
    problems = [str(problem) for problem in validate(cfg)]
    assert all(text.strip() for text in problems)
    cfg.dump("dumped.py")


TARGET = Target("options", make, run, quick=120, prepare=lambda: validate(base_config()))
