"""Settings that can never take effect are said before the start, with file and line."""

# ruff: noqa: E501

from __future__ import annotations

import pytest

from mmpretrain.config import Config
from mmpretrain.config.checks.effects import run_length
from mmpretrain.config.validate import remarks

EPOCHS = "train_cfg = dict(by_epoch=True, max_epochs=10, val_interval=1)\nval_cfg = dict()\n"

ITERS = (
    "train_cfg = dict(by_epoch=False, max_iters=40, val_interval=20)\nval_cfg = dict()\n"
    "default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=10, by_epoch=False))\n"
    "log_processor = dict(by_epoch=False)\n"
)

SGD = "optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1, weight_decay=0.05)"

#: What follows EPOCHS -> key path at fault and a part of the sentence. One epoch has 9 iterations.
SAID = {
    "train_cfg.update(val_begin=11)": ("train_cfg.val_begin", "val_begin=11 is after the end of the run (10 ep"),
    "train_cfg.update(dynamic_intervals=[(10, 1)])": ("train_cfg.dynamic_intervals", "from 10 on begins after"),
    "param_scheduler = dict(type='MultiStepLR', milestones=[10, 20])": ("param_scheduler.milestones", "no milest"),
    "param_scheduler = dict(type='MultiStepLR', milestones=[5, 20])": ("param_scheduler.milestones", "[20] are n"),
    "param_scheduler = [dict(type='StepLR', step_size=11)]": ("param_scheduler.0.step_size", "needs 11 steps"),
    "param_scheduler = [dict(type='CosineAnnealingLR', T_max=100)]": ("param_scheduler.0.T_max", "needs 100 steps"),
    "param_scheduler = [dict(type='CosineAnnealingLR', T_max=8, begin=5)]": ("param_scheduler.0.T_max", "from 5"),
    "param_scheduler = [dict(type='LinearLR', end=20)]": ("param_scheduler.0.end", "continues to 20, but the run ends"),
    "param_scheduler = [dict(type='LinearLR', end=500, by_epoch=False)]": ("param_scheduler.0.end", "90 iterations"),
    "param_scheduler = [dict(type='MultiStepLR', milestones=[5, 8], by_epoch=False)]": ("param_scheduler.0", "iteration 8 of 90"),
    "param_scheduler = [dict(type='CosineAnnealingLR', T_max=10, by_epoch=False)]": ("param_scheduler.0", "iteration 10 of 90"),
    "param_scheduler = [dict(type='StepLR', step_size=1, begin=10)]": ("param_scheduler.0.begin", "begins at 10"),
    "param_scheduler = [dict(type='StepLR', step_size=1, gamma=1.0)]": ("param_scheduler.0.gamma", "changes nothing"),
    "param_scheduler = [dict(type='ConstantLR', factor=1)]": ("param_scheduler.0.factor", "changes nothing"),
    "param_scheduler = [dict(type='PolyLR', power=0)]": ("param_scheduler.0.power", "changes nothing"),
    "param_scheduler = [dict(type='LinearLR', start_factor=1.0)]": ("param_scheduler.0", "changes nothing"),
    "val_cfg = None; param_scheduler = dict(type='ReduceOnPlateauLR')": ("param_scheduler", "waits for results"),
    "default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=11, save_last=False))": (
        "default_hooks.checkpoint.interval", "no checkpoint will be written"),
    "default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=100, by_epoch=False, save_last=False))": (
        "default_hooks.checkpoint.interval", "longer than the run (90 iterations)"),
    "default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1, save_begin=11))": (
        "default_hooks.checkpoint.save_begin", "11 is after the end"),
    "custom_hooks = [dict(type='EarlyStoppingHook', monitor='acc', patience=10)]": (
        "custom_hooks.0.patience", "only 10 validations"),
    "custom_hooks = [dict(type='SwitchRecipeHook', schedule=[dict(action_epoch=11)])]": (
        "custom_hooks.0.schedule.0.action_epoch", "epoch 11 is after the end"),
    "custom_hooks = [dict(type='PreciseBNHook', interval=11)]": ("custom_hooks.0.interval", "interval=11"),
    "custom_hooks = [dict(type='WarmupParamHook', warmup_epochs=11)]": ("custom_hooks.0.warmup_epochs", "10 epo"),
    "custom_hooks = [dict(type='DenseCLHook', start_iters=91)]": ("custom_hooks.0.start_iters", "90 iterations"),
    f"{SGD})\nparam_scheduler = dict(type='CosineAnnealingLR', eta_min=0.2)": (
        "param_scheduler.eta_min", "the learning rate (0.1) rises to it"),
    f"{SGD}, paramwise_cfg=dict(custom_keys={{'backbone': dict(lr_mult=0.0, decay_mult=1)}}))\n"
    "param_scheduler = [dict(type='CosineAnnealingLR', eta_min=1e-5)]": (
        "param_scheduler.0.eta_min", "custom_keys 'backbone' (0) rises"),
    f"{SGD}, paramwise_cfg=dict(bias_lr_mult=0.1))\nparam_scheduler = [dict(type='PolyLR', eta_min=0.05)]": (
        "param_scheduler.0.eta_min", "bias_lr_mult (0.01) rises"),
    f"{SGD}, paramwise_cfg=dict(norm_decay_mult=0., custom_keys={{'head': dict(lr_mult=10)}}))": (
        "optim_wrapper.paramwise_cfg.custom_keys.head", "norm_decay_mult=0.0 does not hold"),
    f"{SGD}, paramwise_cfg=dict(bias_lr_mult=2., custom_keys={{'head': dict(decay_mult=0)}}))": (
        "optim_wrapper.paramwise_cfg.custom_keys.head", "bias_lr_mult=2.0 does not hold"),
}  # fmt: skip

#: What is as it should be.
SILENT = [
    "param_scheduler = [dict(type='LinearLR', end=5), dict(type='CosineAnnealingLR', T_max=5, begin=5, end=10)]",
    "param_scheduler = [dict(type='LinearLR', end=90, by_epoch=False), dict(type='MultiStepLR', milestones=[3])]",
    "param_scheduler = [dict(type='CosineAnnealingLR', convert_to_iter_based=True, T_max=10, eta_min=1e-5)]",
    "default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=20), logger=None)",
    "custom_hooks = [dict(type='EarlyStoppingHook', monitor='acc', patience=3)]",
    "custom_hooks = [dict(type='EarlyStoppingHook', monitor='acc', patience=30, stopping_threshold=90)]",
    f"{SGD}, paramwise_cfg=dict(norm_decay_mult=0., custom_keys={{'head': dict(lr_mult=1, decay_mult=0)}}))\n"
    "param_scheduler = dict(type='CosineAnnealingLR', eta_min=1e-5)",
    f"{SGD})\nparam_scheduler = dict(type='CosineAnnealingMomentum', eta_min=0.85)",
    "train_cfg = dict(type='SomeOtherLoop')\nparam_scheduler = dict(type='StepLR', step_size=100)",
    "train_cfg = None",
]


def read(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cfg.py").write_text(text)
    return Config.fromfile("cfg.py")


@pytest.mark.parametrize("line", SAID)
def test_one_sentence(line, tmp_path, monkeypatch):
    path, says = SAID[line]
    (found,) = remarks(read(tmp_path, monkeypatch, EPOCHS + line), epoch_length=9)
    assert found.path == path
    assert says in found.message
    assert str(found).startswith("cfg.py:")
    assert "\n" not in str(found)


@pytest.mark.parametrize("line", SILENT)
def test_nothing_to_say(line, tmp_path, monkeypatch):
    assert remarks(read(tmp_path, monkeypatch, EPOCHS + line), epoch_length=9) == []


def test_iterations_without_the_data(tmp_path, monkeypatch):
    cfg = read(
        tmp_path, monkeypatch, EPOCHS + "param_scheduler = dict(type='LinearLR', end=500, by_epoch=False)"
    )
    assert remarks(cfg) == []
    assert run_length(cfg).iters is None
    assert run_length(cfg, 9).iters == 90


def test_a_loop_of_iterations(tmp_path, monkeypatch):
    assert remarks(read(tmp_path, monkeypatch, ITERS)) == []
    text = ITERS.replace("interval=10, by_epoch=False", "interval=1")
    text = text.replace(
        "log_processor = dict(by_epoch=False)", "param_scheduler = dict(type='StepLR', step_size=3)"
    )
    (found,) = remarks(read(tmp_path, monkeypatch, text))
    assert str(found) == (
        "cfg.py:1 (train_cfg): the loop counts iterations, but param_scheduler and default_hooks.checkpoint and "
        "log_processor count epochs: the schedule stays at its first value, no checkpoint is written before the "
        "end, the log counts one epoch. Set by_epoch=False there."
    )


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("param_scheduler = dict(type='StepLR', step_size=50, by_epoch=False)", "param_scheduler.step_size"),
        ("train_cfg.update(val_begin=41)", "train_cfg.val_begin"),
    ],
)
def test_lengths_in_iterations(line, path, tmp_path, monkeypatch):
    (found,) = remarks(read(tmp_path, monkeypatch, ITERS + line))
    assert found.path == path
    assert "40 iterations" in found.message


#: Settings that the checks look at, in a config that has them all.
WHOLE = (
    EPOCHS
    + "train_cfg.update(dynamic_intervals=[(5, 1)], val_begin=1)\n"
    + f"{SGD}, paramwise_cfg=dict(bias_lr_mult=1., norm_decay_mult=1., custom_keys={{'a': dict(lr_mult=1.)}}))\n"
    + "param_scheduler = [dict(type='MultiStepLR', milestones=[3], begin=0, end=10, by_epoch=True, gamma=0.1),\n"
    "    dict(type='CosineAnnealingLR', T_max=10, eta_min=0.0)]\n"
    "default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1, save_begin=0, save_last=True))\n"
    "custom_hooks = [dict(type='SwitchRecipeHook', schedule=[dict(action_epoch=3)]),\n"
    "    dict(type='EarlyStoppingHook', patience=1), dict(type='PreciseBNHook', interval=1)]\n"
)

ODD = (
    None,
    "x",
    "",
    3,
    -1,
    0,
    2.5,
    True,
    float("nan"),
    [],
    [None],
    ["a"],
    (),
    {},
    {"type": None},
    {"type": 3},
    {1: 2},
)


def paths(value, path=()):
    """Yield the paths of all values in nested dicts and lists."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from paths(item, (*path, key))


def test_odd_values_do_no_harm(tmp_path, monkeypatch):
    plain = read(tmp_path, monkeypatch, WHOLE).to_dict()
    for path in paths(plain):
        for odd in ODD:
            cfg = Config(plain)
            *parents, last = path
            node = cfg
            for key in parents:
                node = node[key]
            node[last] = odd
            assert isinstance(remarks(cfg, 9), list)
