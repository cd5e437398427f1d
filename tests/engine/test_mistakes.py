"""Mistakes in the config of a run: one sentence that says what is wrong, where, and what to do."""

from __future__ import annotations

import re

import pytest

from mmpretrain.cli.train import run
from mmpretrain.config import Config
from mmpretrain.engine.optimizers import DefaultOptimWrapperConstructor
from mmpretrain.errors import ConfigError

LOSS = "[dict(action_epoch=1, loss=dict(type='CrossEntrpyLoss'))]"

#: Line of the config -> key path that is named, and parts of the message.
MISTAKES: dict[str, tuple[str, ...]] = {
    # hooks
    "custom_hooks = [__import__('pathlib').Path('x')]": ("", "PosixPath('x') is no hook"),
    "custom_hooks = ['EMAHook']": ("", "A hook config must be a dict with a 'type', got 'EMAHook'"),
    "custom_hooks = [dict(type='EMAHok')]": ("custom_hooks.0.type", "Did you mean 'EMAHook'"),
    "custom_hooks = [dict(type='EMAHook', priority='HIHG')]": (
        "custom_hooks.0.priority",
        "Did you mean 'HIGH'",
    ),
    "custom_hooks = [dict(type='EMAHook', momntum=1)]": ("custom_hooks.0.momntum", "Did you mean 'momentum'"),
    "custom_hooks = [dict(type='EMAHook', ema_type='CosinEMA')]": (
        "custom_hooks.0",
        "Did you mean 'CosineEMA'",
    ),
    "custom_hooks = [dict(type='EMAHook', begin_iter=3, begin_epoch=2)]": (
        "custom_hooks.0",
        "not both: 3 and 2",
    ),
    f"custom_hooks = [dict(type='SwitchRecipeHook', schedule={LOSS})]": (
        "custom_hooks.0.schedule.0.loss.type",
        "'CrossEntrpyLoss' is not a registered model. Did you mean 'CrossEntropyLoss'",
    ),
    "custom_hooks = [dict(type='SwitchRecipeHook', schedule=[dict(action_epoch=0)])]": (
        "custom_hooks.0.schedule",
        "counts from 1, got 0",
    ),
    "default_hooks = dict(logger=dict(interval=0))": ("default_hooks.logger.interval", "at least 1, got 0"),
    "default_hooks = dict(mine=dict(interval=1))": ("default_hooks.mine", "needs the key 'type'"),
    "default_hooks = dict(checkpoint=dict(save_best='accuracy/topp1'))": (
        "default_hooks.checkpoint.save_best",
        "Did you mean 'accuracy/top1'",
    ),
    "default_hooks = dict(checkpoint=dict(rule='bigger'))": (
        "default_hooks.checkpoint.rule",
        "must be 'greater' or 'less', got 'bigger'",
    ),
    "default_hooks = dict(checkpoint=dict(filename_tmpl='{epoch}.pth'))": (
        "default_hooks.checkpoint.filename_tmpl",
        "takes one {}",
    ),
    # loops
    "train_cfg = dict(max_epochs=0)": ("train_cfg.max_epochs", "at least 1, got 0"),
    "train_cfg = dict(dynamic_intervals=[90, 1])": (
        "train_cfg.dynamic_intervals",
        "must be Sequence[tuple[int, int]] or None, got [90, 1]",
    ),
    "train_cfg = dict(dynamic_intervals=[(2, 0)])": ("train_cfg.dynamic_intervals", "cannot be zero"),
    "train_dataloader = dict(batch_size=5000, drop_last=True)": (
        "train_dataloader.batch_size",
        "1442 samples, batch_size=5000, drop_last=True. Choose a smaller",
    ),
    "val_dataloader = dict(num_workers=-1)": (
        "val_dataloader.num_workers",
        "num_workers option should be non-negative",
    ),
    "val_dataloader = dict(num_workers=10**30)": ("val_dataloader.num_workers", "must be at most 1024"),
    "train_dataloader = dict(collate_fn=3)": (
        "train_dataloader.collate_fn",
        "must be a dict with a 'type', got 3",
    ),
    "train_dataloader = dict(collate_fn=dict(type='nothing'))": (
        "train_dataloader.collate_fn",
        "'nothing' is not a registered function",
    ),
    "train_dataloader = dict(dataset=dict(_delete_=True, type='dict'))": (
        "train_dataloader.dataset",
        "'dict'",
    ),
    "model = dict(_delete_=True, type=lambda **k: None)": ("", "built nothing"),
    "model = dict(_delete_=True, type=lambda **k: 3)": ("", "must be a torch.nn.Module, got 3"),
    "model = dict(head=dict(topk=[None]))": ("model.head.topk", "must be"),
    "model = dict(backbone=dict(num_classes='x'))": ("model.backbone.num_classes", "must be int, got 'x'"),
    "val_dataloader = None": ("", "val_evaluator need val_dataloader too"),
    # optimization
    "optim_wrapper = dict(optimizer=dict(lrr=1))": ("optim_wrapper.optimizer.lrr", "Did you mean 'lr'"),
    "optim_wrapper = dict(optimizer=dict(lr='1e-3'))": (
        "optim_wrapper.optimizer.lr",
        "In YAML, write 1.0e-3",
    ),
    "optim_wrapper = dict(optimizer=dict(lr=-1.0))": (
        "",
        "AdamW cannot be built: Invalid learning rate: -1.0",
    ),
    "optim_wrapper = dict(optimizer=dict(_delete_=True, type='Muon'))": (
        "optim_wrapper.optimizer.type",
        "Muon only supports 2D parameters",
    ),
    "optim_wrapper = dict(clip_grad=dict(max_nrm=1))": ("optim_wrapper.clip_grad", "Did you mean 'max_norm'"),
    "optim_wrapper = dict(clip_grad=dict(type='nrm', max_norm=1))": (
        "optim_wrapper.clip_grad",
        "must be 'norm' or 'value', got 'nrm'",
    ),
    "optim_wrapper = dict(type='AmpOptimWrapper', loss_scale='dynmic')": (
        "optim_wrapper.loss_scale",
        "must be 'dynamic', a number or a dict",
    ),
    "optim_wrapper = dict(type='AmpOptimWrapper', loss_scale=dict(init_scal=2))": (
        "optim_wrapper.loss_scale",
        "Did you mean 'init_scale'",
    ),
    "optim_wrapper = dict(clip_grad=dict(max_norm=['x']))": (
        "optim_wrapper.clip_grad",
        "clip_grad.max_norm must be a number, got ['x']",
    ),
    "optim_wrapper = dict(optimizer=3)": ("optim_wrapper.optimizer", "must be a dict with a 'type', got 3"),
    "optim_wrapper = dict(optimizer=dict(lr=[1]))": ("optim_wrapper.optimizer.lr", "must be"),
    "optim_wrapper = dict(paramwise_cfg=dict(bias_lr_mult='x'))": (
        "optim_wrapper.paramwise_cfg.bias_lr_mult",
        "bias_lr_mult must be a number, got 'x'",
    ),
    "optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(head=3)))": (
        "optim_wrapper.paramwise_cfg.custom_keys.head",
        "custom_keys takes dicts by part of a name, got {'head': 3}",
    ),
    "optim_wrapper = dict(constructor='Decay')": ("optim_wrapper.constructor", "'Decay' is not a registered"),
    "optim_wrapper = dict(paramwise_cfg=dict(norm_decay_mul=0))": (
        "optim_wrapper.paramwise_cfg.norm_decay_mul",
        "Did you mean 'norm_decay_mult'",
    ),
    "optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mul=1))))": (
        "optim_wrapper.paramwise_cfg.custom_keys.head.lr_mul",
        "Did you mean 'lr_mult'",
    ),
    "param_scheduler = [dict(type='MultiStepLR', milestones=3)]": ("param_scheduler.0.milestones", "got 3"),
    "param_scheduler = [dict(type='StepLR', step_size=0)]": (
        "param_scheduler.0.step_size",
        "at least 1, got 0",
    ),
    "param_scheduler = [dict(type='StepLR', step_size=1, begin=5, end=2)]": (
        "param_scheduler.0",
        "begin=5, end=2",
    ),
    "param_scheduler = [dict(type='StepLR', step_size=0, convert_to_iter_based=True)]": (
        "param_scheduler.0",
        "step_size must be at least 1, got 0",
    ),
    "param_scheduler = ['StepLR']": ("", "A scheduler is a dict with a 'type', got 'StepLR'"),
    "param_scheduler = [dict(type='ReduceOnPlateauLR', monitor='acc', rule='greater')]": (
        "",
        "ReduceOnPlateauLR watches 'acc', which the validation does not report. It reports: accuracy/top1",
    ),
    # values that nothing can be done with
    "train_dataloader = dict(sampler=((),))": (
        "train_dataloader.sampler",
        "must give indices",
        "DefaultSampler",
    ),
    "train_dataloader = dict(batch_sampler=[[0], ()])": (
        "train_dataloader.batch_sampler",
        "must give indices",
    ),
    "val_evaluator = dict(_delete_=True, type='Accuracy', thrs=set())": (
        "val_evaluator.thrs",
        "takes a number",
    ),
    "val_evaluator = dict(_delete_=True, type='Accuracy', thrs=[])": ("val_evaluator.thrs", "got []"),
    "val_evaluator = dict(_delete_=True, type='Accuracy', topk='0.0')": ("val_evaluator.topk", "got '0.0'"),
    "val_evaluator = dict(_delete_=True, type='Accuracy', topk=(1.5,))": (
        "val_evaluator.topk",
        "whole numbers",
    ),
    "model = dict(head=dict(topk=()))": ("model.head.topk", "whole numbers from 1 on, got ()"),
    "model = dict(train_cfg=dict(augments=dict(type='Mixup', alpha=float('inf'))))": (
        "model.train_cfg.augments.alpha",
        "positive, finite number, got inf",
    ),
    "model = dict(head=dict(loss=dict(loss_weight=float('inf'))))": (
        "model.head.loss.loss_weight",
        "finite number, got inf",
    ),
    "train_cfg = dict(max_epochs=1e30)": ("train_cfg.max_epochs", "got float 1e+30"),
    # switches
    "compile = dict(target='bakbone')": ("compile", "no module 'bakbone'. Did you mean 'backbone'"),
    "compile = dict(mod='default')": ("compile.mod", "Did you mean 'mode'"),
    "activation_checkpointing = 'backbone.featurs'": (
        "activation_checkpointing",
        "Did you mean 'backbone.features'",
    ),
    "activation_checkpointing = True": ("activation_checkpointing", "must be str or list"),
    "device = 'gpu'": ("device", "There is no device 'gpu'"),
    "strategy = dict(type='DDPStategy')": ("strategy.type", "Did you mean 'DDPStrategy'"),
    "env_cfg = dict(tf23=True)": ("env_cfg.tf23", "Did you mean 'tf32'"),
    # logs and files
    "log_level = 'INFOO'": ("log_level", "Choose one of DEBUG, INFO, WARNING"),
    "log_processor = dict(custom_cfg=[3])": ("log_processor.custom_cfg", "must be"),
    "log_processor = dict(num_digits=10**9)": ("log_processor.num_digits", "between 0 and 100"),
    "log_processor = dict(custom_cfg=[dict(method_name='mean')])": (
        "log_processor.custom_cfg",
        "needs data_src",
    ),
    "log_processor = dict(custom_cfg=[dict(data_src='loss', method_name='men')])": ("", "no statistic 'men'"),
    "load_from = 'no.pth'": ("load_from", "There is no file or folder 'no.pth'"),
    "work_dir = 'my.py'": ("work_dir", "The work folder cannot be made: Not a directory"),
}


@pytest.mark.parametrize("line", MISTAKES)
def test_one_sentence(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.py").write_text(f"_base_ = 'mmpretrain::lenet/lenet5_digits.py'\n{line}\n")
    cfg = Config.fromfile("my.py")
    cfg.setdefault("work_dir", "work")
    path, *parts = MISTAKES[line]
    with pytest.raises(ConfigError) as caught:
        run(cfg, summary=False)
    text = str(caught.value)
    assert "\n" not in text
    assert all(part in text for part in parts), text
    if path:
        assert re.match(rf"my\.py:2 \({re.escape(path)}[\w.]*\): ", text), text


@pytest.mark.parametrize("option", ["fix_lr", "lars_exclude"])
def test_settings_for_hooks_and_optimizers_are_no_mistakes(option):
    keys = {"custom_keys": {"head": {option: True}}, "_delete": True}  # as in configs of the zoo
    constructor = DefaultOptimWrapperConstructor({"optimizer": {"type": "SGD", "lr": 0.1}}, keys)
    assert constructor.custom_keys["head"] == {option: True}


def test_a_head_that_is_a_list(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.py").write_text("_base_ = 'mmpretrain::lenet/lenet5_digits.py'\nmodel = dict(head=[])\n")
    cfg = Config.fromfile("my.py")
    cfg.work_dir = "work"
    with pytest.raises(ConfigError, match="The head of a classifier is one config, got a list of 0"):
        run(cfg, summary=False)
