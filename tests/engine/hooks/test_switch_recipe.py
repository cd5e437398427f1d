"""Tests of :mod:`mmpretrain.engine.hooks.switch_recipe`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmpretrain.engine.hooks import (
    SwitchRecipeHook,
)
from mmpretrain.errors import ConfigError
from tests.engine import tiny


class Shift:
    def __init__(self, by):
        self.by = by

    def __call__(self, data):
        return {"inputs": data["inputs"] + self.by, "data_samples": data["data_samples"]}


class WithPipeline(tiny.NoisyVectors):
    def __init__(self):
        super().__init__(size=8)
        self.pipeline = Shift(0)

    def __getitem__(self, index):
        return self.pipeline(super().__getitem__(index))


class Wrapper(torch.utils.data.Dataset):
    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        return self.dataset[index]


class Recipe(tiny.TinyModel):
    def __init__(self):
        super().__init__()
        self.seen = []
        self.head.loss_module = nn.Identity()
        self.data_preprocessor = SimpleNamespace(batch_augments=None, to_onehot=False)

    def train_step(self, data, optim_wrapper):
        augments = self.data_preprocessor.batch_augments
        self.seen.append(
            (
                bool(data["inputs"].mean() > 50),
                type(augments).__name__,
                type(self.head.loss_module).__name__,
            )
        )
        return super().train_step(data, optim_wrapper)


def recipe_runner(make_runner, **changes):
    schedule = [
        dict(action_epoch=3, loss=nn.CrossEntropyLoss(), batch_augments=None),
        dict(
            action_epoch=2,
            train_pipeline=Shift(100),
            batch_augments=dict(augments=dict(type="Mixup", alpha=0.2)),
        ),
    ]
    data = tiny.loader(workers=changes.pop("workers", 0)) | {
        "dataset": Wrapper(WithPipeline()),
        "batch_size": 8,
    }
    return make_runner(
        model=Recipe(),
        train_dataloader=data,
        custom_hooks=[dict(type="SwitchRecipeHook", schedule=schedule)],
        default_hooks=dict(checkpoint=dict(type="CheckpointHook", interval=1, max_keep_ckpts=-1)),
        **changes,
    )


RECIPES = [
    (False, "NoneType", "Identity"),
    (True, "RandomBatchAugment", "Identity"),
    (True, "NoneType", "CrossEntropyLoss"),
]


@pytest.mark.parametrize("workers", [0, 1])
def test_switch_recipe(make_runner, workers):
    runner = recipe_runner(make_runner, workers=workers)
    runner.train()
    assert runner.model.seen == RECIPES
    assert runner.model.data_preprocessor.to_onehot


def test_switch_recipe_after_resumption(make_runner, tmp_path):
    recipe_runner(make_runner).train()
    path = str(tmp_path / "work" / "epoch_2.pth")
    runner = recipe_runner(make_runner, load_from=path, resume=True, work_dir=str(tmp_path / "next"))
    runner.train()
    assert runner.model.seen == RECIPES[2:]


def test_switch_recipe_and_a_loader_built_by_hand():
    """Its workers would continue with the old pipeline."""
    loader = torch.utils.data.DataLoader(WithPipeline(), num_workers=1, persistent_workers=True)
    hook = SwitchRecipeHook(schedule=[dict(action_epoch=1, train_pipeline=Shift(1))])
    loop = SimpleNamespace(dataloader=loader)
    with pytest.raises(ConfigError, match="cannot reach the workers"):
        hook.before_train_epoch(SimpleNamespace(epoch=0, train_loop=loop, model=Recipe()))


def test_switch_recipe_key_of_the_zoo():
    pipeline = [dict(type="PackInputs")]
    hook = SwitchRecipeHook(schedule=[dict(action_epoch=1, pipeline=pipeline)])
    assert list(hook.schedule[1]) == ["train_pipeline"]


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ([dict(loss=nn.Identity())], "needs an 'action_epoch'"),
        ([dict(action_epoch=1), dict(action_epoch=1)], "is there twice"),
        ([dict(action_epoch=1, optimizer={})], "cannot switch 'optimizer'"),
    ],
)
def test_switch_recipe_settings(schedule, message):
    with pytest.raises(ConfigError, match=message):
        SwitchRecipeHook(schedule=schedule)
