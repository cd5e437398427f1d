"""Config files in Python, YAML, JSON and in the ``read_base`` style: mutated, and odd by hand."""

from __future__ import annotations

from random import Random
from typing import Any

from mmpretrain.config import Config
from mmpretrain.config.validate import validate
from tests.fuzz.base_config import as_json, as_python, as_yaml, base_config
from tests.fuzz.case import Case, Target
from tests.fuzz.mutate import ODD_VALUES, PLAIN_VALUES, as_bytes, mutate_text, mutate_tree
from tests.fuzz.targets.odd_configs import ODD_CONFIGS

_WRITERS = {"my.py": as_python, "my.yaml": as_yaml, "my.json": as_json}
_LAZY = """\
from mmpretrain.models import ImageClassifier, LeNet5
from torch.optim import SGD
from torch import nn
with read_base():
    from .base import *
    from .base import model, train_cfg as cfg

optimizer = dict(type=SGD, lr=0.1)
optim_wrapper.update(optimizer=optimizer)
model['backbone'].update(type=LeNet5)
model.update(dict(act_cfg=dict(type=nn.ReLU)))
train_cfg.merge(dict(max_epochs=2))
"""
_CHILD = """\
_base_ = ['./base.py']
max_epochs = {{ _base_.train_cfg.max_epochs }}
data_root = '{{ $DATA_ROOT:data/ }}'
name = '{{ fileBasenameNoExtension }}'
model = dict(backbone=dict(_delete_=True, type='LeNet5', num_classes=10), head=dict(topk=(1, 2)))
train_dataloader = dict(batch_size=4, dataset=dict(indices=8))
_base_.param_scheduler[0].begin = 0
param_scheduler = [dict(type='MultiStepLR', milestones=[m for m in range(3)])]
"""
_CHILD_YAML = """\
_base_: [./base.py]
max_epochs: &epochs 3
train_cfg: {max_epochs: *epochs, by_epoch: true}
data_root: '{{ fileDirname }}/data'
model: {head: {topk: !!python/tuple [1, 2]}}
optim_wrapper:
  optimizer: {lr: 1.0e-3, type: SGD, _delete_: true}
"""


def make(rng: Random, number: int) -> Case:
    """First the configs that people wrote by hand, then mutated ones."""
    if number < len(ODD_CONFIGS):
        return ODD_CONFIGS[number]
    base = base_config()
    files = {"base.py": as_python(base).encode()}
    way = rng.randrange(4)
    if way == 0:  # text of a config that inherits
        name, text = rng.choice((("my.py", _LAZY), ("my.py", _CHILD), ("my.yaml", _CHILD_YAML)))
        return Case("text of a child", files | {name: as_bytes(mutate_text(text, rng), rng)}, name)
    name = rng.choice(tuple(_WRITERS))
    if way == 1:  # text of a whole config
        text = _WRITERS[name](base)
        return Case("text", {name: as_bytes(mutate_text(text, rng), rng)}, name)
    values, notes = base, []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        values, note = mutate_tree(values, rng, ODD_VALUES if name == "my.py" else PLAIN_VALUES)
        notes.append(note)
    if way == 2:  # the base is odd, too
        child = {key: values[key] for key in rng.sample(sorted(values, key=str), min(3, len(values)))}
        text = "_base_ = './base.py'\n" + as_python(child)
        return Case("; ".join(notes), files | {"my.py": text.encode("utf-8", "replace")}, "my.py")
    return Case("; ".join(notes), {name: _WRITERS[name](values).encode("utf-8", "replace")}, name)


def run(case: Case) -> None:
    """Read the config, check it, and write it in each language, as ``check`` and ``config`` do."""
    cfg: Any = Config.fromfile(case.argument)
    problems = [str(problem) for problem in validate(cfg)]
    assert all(text.strip() for text in problems)
    for suffix in (".py", ".yaml", ".json"):
        cfg.dump(f"dumped{suffix}")
    cfg.merge_from_dict({"model.backbone.num_classes": 3})


TARGET = Target("configs", make, run, quick=260, prepare=lambda: validate(base_config()))
