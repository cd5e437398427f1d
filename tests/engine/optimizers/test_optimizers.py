"""Optimizers, wrappers and constructors: the numbers of the reference environment, and behaviour.

``data/reference.json.gz`` holds, for each case of ``optim_cases.WRAPPERS``, what this prints there::

    model = TinyNet()
    wrapper = build_optim_wrapper(model, cfg)
    groups = [settings(group) for group in wrapper.optimizer.param_groups]
    losses = train(wrapper, model)
    {'losses': losses, 'fingerprint': fingerprint(model), 'groups': groups,
     'lr': wrapper.get_lr(), 'momentum': wrapper.get_momentum()}
"""

from __future__ import annotations

import copy
import gzip
import json
import pickle
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from mmpretrain.config import ConfigDict
from mmpretrain.engine.optimizers import (
    AmpOptimWrapper,
    DefaultOptimWrapperConstructor,
    OptimWrapper,
    OptimWrapperDict,
    build_optim_wrapper,
    scale_lr,
)
from mmpretrain.errors import ArgumentError, ConfigError, OptionalDependencyError
from mmpretrain.registry import OPTIM_WRAPPERS, OPTIMIZERS
from tests.engine.optimizers.optim_cases import (
    ADAMW,
    SGD,
    WRAPPERS,
    TinyNet,
    batch,
    fingerprint,
    settings,
    train,
)

DATA = Path(__file__).parent / "data"
REFERENCE = json.loads(gzip.decompress((DATA / "reference.json.gz").read_bytes()))
FACTS = Path(__file__).parents[2] / "facts"


def wrap(model, **cfg):
    return build_optim_wrapper(model, {"optimizer": SGD, **cfg})


@pytest.mark.parametrize("name", WRAPPERS)
def test_reference_numbers(name):
    model = TinyNet()
    wrapper = build_optim_wrapper(model, copy.deepcopy(WRAPPERS[name]))
    expected = REFERENCE[name]
    assert [settings(group) for group in wrapper.optimizer.param_groups] == expected["groups"]
    assert train(wrapper, model) == pytest.approx(expected["losses"], rel=1e-5)
    assert fingerprint(model) == pytest.approx(expected["fingerprint"], rel=1e-4, abs=1e-5)
    assert wrapper.get_lr() == {key: pytest.approx(value) for key, value in expected["lr"].items()}
    assert wrapper.get_momentum() == expected["momentum"]


def test_adan_decay_before_the_step():
    """All tensors at once give the same numbers; the reference forgets the update then."""
    one, all_at_once = TinyNet(), TinyNet()
    cfg = WRAPPERS["adan_single"]["optimizer"]
    losses = train(wrap(one, optimizer=cfg), one)
    assert train(wrap(all_at_once, optimizer={**cfg, "foreach": True}), all_at_once) == pytest.approx(losses)


def test_every_optimizer_of_the_reference_is_here():
    components = json.loads(gzip.decompress((FACTS / "components.json.gz").read_bytes()))
    for registry in ("mmengine.OPTIMIZERS", "mmpretrain.OPTIMIZERS"):
        for name in components[registry]:
            if name == "Muon" and not hasattr(torch.optim, "Muon"):
                continue
            assert OPTIMIZERS.get(name) is not None, name


@pytest.mark.parametrize(
    "name",
    ["ASGD", "Adadelta", "Adagrad", "Adamax", "NAdam", "RAdam", "Rprop", "TorchAdafactor", "Lion", "Muon"],
)
def test_other_optimizers_reduce_the_loss(name):
    if name == "Muon" and not hasattr(torch.optim, "Muon"):
        pytest.skip("this torch has no Muon")
    # Muon is for matrices only.
    model = nn.Sequential(nn.Flatten(), nn.Linear(75, 4, bias=False)) if name == "Muon" else TinyNet()
    wrapper = build_optim_wrapper(model, {"optimizer": {"type": name, "lr": 0.01}})
    images, labels = batch(0)
    losses = []
    for _ in range(15):
        losses.append(nn.functional.cross_entropy(model(images), labels))
        wrapper.update_params(losses[-1])
    assert losses[-1] < losses[0]


def test_lion_is_the_published_rule():
    param = nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))
    optimizer = OPTIMIZERS.build(
        {"type": "Lion", "lr": 0.1, "weight_decay": 0.5}, default_args={"params": [param]}
    )
    weight, momentum = param.detach().clone(), torch.zeros(3)
    for step in range(4):
        grad = torch.tensor([0.3, -0.2 * step, 0.1 - 0.2 * step])
        param.grad = grad.clone()
        optimizer.step()
        weight = weight - 0.1 * ((0.9 * momentum + 0.1 * grad).sign() + 0.5 * weight)
        momentum = 0.99 * momentum + 0.01 * grad
        assert torch.allclose(param, weight)


@pytest.mark.parametrize("kind", ["LARS", "Lamb", "Adan", "Lion", "SGD"])
def test_state_survives_saving(kind):
    cfg = {
        "optimizer": {"type": kind, "lr": 0.01, "weight_decay": 0.01},
        "paramwise_cfg": {"norm_decay_mult": 0},
    }
    whole, first = TinyNet(), TinyNet()
    one, two = build_optim_wrapper(whole, cfg), build_optim_wrapper(first, cfg)
    train(one, whole, 3)
    losses = train(one, whole, 3)
    train(two, first, 3)
    second = TinyNet()
    second.load_state_dict(first.state_dict())
    three = build_optim_wrapper(second, cfg)
    three.load_state_dict(pickle.loads(pickle.dumps(two.state_dict())))
    assert train(three, second, 3) == losses


# -- wrappers -----------------------------------------------------------------------------------------


def test_a_step_is_seen_by_whoever_looks():
    """The short way around torch's wrapper is taken only when no one waits for its calls."""
    model = TinyNet()
    wrapper, seen = wrap(model), []
    handles = [
        wrapper.optimizer.register_step_pre_hook(lambda *_: seen.append("before")),
        wrapper.optimizer.register_step_post_hook(lambda *_: seen.append("after")),
        register_optimizer_step_post_hook(lambda *_: seen.append("everywhere")),
    ]
    wrapper.update_params(model(torch.ones(2, 3, 4, 4)).sum())
    assert seen == ["before", "after", "everywhere"]
    for handle in handles:
        handle.remove()
    with torch.profiler.profile() as profile:
        wrapper.update_params(model(torch.ones(2, 3, 4, 4)).sum())
    assert "Optimizer.step#SGD.step" in {event.key for event in profile.key_averages()}
    wrapper.optimizer.step = lambda: seen.append("patched")
    wrapper.update_params(model(torch.ones(2, 3, 4, 4)).sum())
    assert seen[3:] == ["patched"]


def test_remaining_iterations_lead_to_a_step():
    model = TinyNet()
    wrapper = wrap(model, accumulative_counts=3)
    steps = []
    wrapper.optimizer.register_step_post_hook(lambda *_: steps.append(wrapper.inner_count))
    train(wrapper, model, 5)
    assert steps == [3, 5]


def test_resuming_in_the_middle_of_accumulation_is_exact():
    whole, first = TinyNet(), TinyNet()
    one, two = wrap(whole, accumulative_counts=3), wrap(first, accumulative_counts=3)

    def go(wrapper, model, begin, end):
        wrapper.initialize_count_status(model, begin, 6)
        for step in range(begin, end):
            images, labels = batch(step)
            wrapper.update_params(nn.functional.cross_entropy(model(images), labels))

    go(one, whole, 0, 6)
    go(two, first, 0, 4)
    second = TinyNet()
    second.load_state_dict(first.state_dict())
    three = wrap(second, accumulative_counts=3)
    three.load_state_dict(two.state_dict())
    go(three, second, 4, 6)
    assert all(torch.equal(a, b) for a, b in zip(whole.state_dict().values(), second.state_dict().values()))


def test_lost_gradients_are_reported(caplog):
    model = TinyNet()
    wrap(model, accumulative_counts=3).initialize_count_status(model, 4, 6)
    assert "middle of accumulating" in caplog.text
    assert "BatchNorm" in caplog.text


def test_no_sync_while_gradients_accumulate():
    class Distributed(TinyNet):
        entered = 0

        def no_sync(self):
            self.entered += 1
            return torch.enable_grad()

    model = Distributed()
    train(wrap(model, accumulative_counts=2), model, 5)
    assert model.entered == 2


def test_grad_norm_for_the_log():
    model = TinyNet()
    wrapper = wrap(model, clip_grad={"max_norm": 0.1})
    train(wrapper, model, 1)
    assert wrapper.log_vars["grad_norm"] > 0.1
    assert wrap(model).log_vars == {}


@pytest.mark.parametrize(
    ("cfg", "message"),
    [
        ({"accumulative_counts": 0}, "positive int"),
        ({"clip_grad": {"type": "cut", "max_norm": 1}}, "'norm' or 'value'"),
        ({"clip_grad": {}}, "clip_grad is empty"),
        ({"type": "AmpOptimWrapper", "dtype": "float8"}, "dtype must be one of"),
        ({"constructor": "NoSuchConstructor"}, "not a registered"),
        (
            {"paramwise_cfg": {"custom_keys": {"a": {"decay_mult": 1}}}, "optimizer": {"type": "Adam"}},
            "weight decay",
        ),
        ({"paramwise_cfg": {"norm_decay_mult": 1}, "optimizer": {"type": "SGD", "lr": 1.0}}, "weight decay"),
    ],
)
def test_wrong_settings(cfg, message):
    with pytest.raises(ConfigError, match=message):
        wrap(TinyNet(), **cfg)


def test_decay_of_parts_needs_no_learning_rate():
    optimizer = {"type": "Adam", "weight_decay": 0.1}
    groups = wrap(
        TinyNet(), optimizer=optimizer, paramwise_cfg={"custom_keys": {"": {"decay_mult": 0.5}}}
    ).param_groups
    assert 0.05 in {group["weight_decay"] for group in groups}
    assert {group["lr"] for group in groups} == {1e-3}  # Adam's own


def test_error_names_the_argument():
    with pytest.raises(ArgumentError, match=r"SGD has no argument 'momentun'\. Did you mean 'momentum'"):
        wrap(TinyNet(), optimizer={"type": "SGD", "lr": 0.1, "momentun": 0.9})


def test_missing_optimizer():
    with pytest.raises(ConfigError, match="needs the key 'optimizer'"):
        build_optim_wrapper(TinyNet(), {"type": "OptimWrapper"})


def test_config_is_left_as_it_is():
    cfg = ConfigDict(
        optimizer=SGD, paramwise_cfg={"norm_decay_mult": 0.0}, clip_grad={"type": "norm", "max_norm": 1}
    )
    before = copy.deepcopy(dict(cfg))
    wrapper = build_optim_wrapper(TinyNet(), cfg)
    assert dict(cfg) == before
    assert build_optim_wrapper(TinyNet(), wrapper) is wrapper


@pytest.mark.parametrize("dtype", ["bfloat16", torch.bfloat16, None])
def test_amp_on_the_cpu(dtype):
    model, plain = TinyNet(), TinyNet()
    wrapper = wrap(model, type="AmpOptimWrapper", dtype=dtype, clip_grad={"max_norm": 5.0})
    seen = []
    model.head.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    losses = train(wrapper, model)
    assert set(seen) == {torch.bfloat16}
    assert losses == pytest.approx(train(wrap(plain, clip_grad={"max_norm": 5.0}), plain), rel=0.03)
    assert losses != train(wrap(TinyNet()), TinyNet())


def test_amp_skips_infinite_gradients_and_saves_its_scale():
    model = TinyNet()
    wrapper = wrap(model, type="AmpOptimWrapper", loss_scale={"init_scale": 8.0, "growth_interval": 2})
    before = [param.clone() for param in model.parameters()]
    wrapper.update_params(model(batch(0)[0]).sum() * float("inf"))
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))
    assert wrapper.loss_scaler.get_scale() == 4.0
    other = wrap(TinyNet(), type="AmpOptimWrapper")
    other.load_state_dict(wrapper.state_dict())
    assert other.loss_scaler.get_scale() == 4.0
    other.load_state_dict(wrap(TinyNet()).state_dict())  # a run without mixed precision


def test_amp_fixed_scale():
    model = TinyNet()
    wrapper = wrap(model, type="AmpOptimWrapper", loss_scale=512.0)
    train(wrapper, model)
    assert wrapper.loss_scaler.get_scale() == 512.0
    with pytest.raises(TypeError, match="loss_scale"):
        wrap(model, type="AmpOptimWrapper", loss_scale="static")


def test_several_optimizers():
    a, b = nn.Linear(2, 2), TinyNet()
    wrappers = build_optim_wrapper(
        nn.ModuleList([a, b]),
        {"a": wrap(a), "b": wrap(b, optimizer=ADAMW, paramwise_cfg={"bias_lr_mult": 2.0})},
    )
    assert isinstance(wrappers, OptimWrapperDict)
    assert wrappers.get_lr()["a.lr"] == [0.05]
    assert wrappers.get_lr()["b.base_lr"] == [0.01]
    assert wrappers.get_momentum()["a.momentum"] == [0.9]
    assert (len(wrappers), "a" in wrappers, list(wrappers.keys())) == (2, True, ["a", "b"])
    wrappers["a"].update_params(a(torch.ones(1, 2)).sum())
    state = wrappers.state_dict()
    wrappers.load_state_dict(state)
    assert set(state) == {"a", "b"}
    with pytest.raises(NotImplementedError, match="'a', 'b'"):
        wrappers.update_params(torch.zeros(()))
    with pytest.raises(KeyError, match="'c'"):
        wrappers["c"]
    with pytest.raises(TypeError, match="must be an OptimWrapper"):
        OptimWrapperDict(a=3)  # type: ignore[arg-type]


# -- constructors -------------------------------------------------------------------------------------


def test_shared_parameters():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    with pytest.raises(ConfigError, match=r"1\.weight is shared.*bypass_duplicate=True"):
        wrap(model, paramwise_cfg={"bias_lr_mult": 2.0})
    wrapper = wrap(model, paramwise_cfg={"bias_lr_mult": 2.0, "bypass_duplicate": True})
    assert [group["lr"] for group in wrapper.optimizer.param_groups] == [0.05, 0.1, 0.1]


def test_frozen_parameters_are_left_out():
    model = TinyNet()
    model.stem.requires_grad_(False)
    groups = wrap(model, paramwise_cfg={"norm_decay_mult": 0.0}).optimizer.param_groups
    assert len(groups) == len(list(model.parameters())) - 2


def test_deformable_convolutions():
    class ModulatedDeformConv2d(nn.Module):  # as those of mmcv.ops and torchvision are called
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2, 2))
            self.conv_offset = nn.Conv2d(2, 2, 1)

    model = nn.Sequential(nn.Conv2d(2, 2, 1), ModulatedDeformConv2d())
    wrapper = wrap(
        model, paramwise_cfg={"dcn_offset_lr_mult": 0.1, "bias_lr_mult": 2.0, "bias_decay_mult": 0.0}
    )
    lr = [group["lr"] for group in wrapper.optimizer.param_groups]
    assert lr == pytest.approx([0.05, 0.1, 0.05, 0.005, 0.005])
    assert [group["weight_decay"] for group in wrapper.optimizer.param_groups] == [
        0.01,
        0.0,
        0.01,
        0.01,
        0.01,
    ]


def test_custom_constructor_of_1x():
    """A subclass that overrides ``add_params`` with upstream's signature."""

    class HeadOnly(DefaultOptimWrapperConstructor):
        def add_params(self, params, module, prefix="", is_dcn_module=None):
            super().add_params(params, module.head, prefix="head", is_dcn_module=is_dcn_module)

    cfg = {
        "optimizer": SGD,
        "constructor": HeadOnly,
        "paramwise_cfg": {"custom_keys": {"head.bias": {"lr_mult": 3}}},
    }
    groups = build_optim_wrapper(TinyNet(), cfg).optimizer.param_groups
    assert [group["lr"] for group in groups] == pytest.approx([0.05, 0.15])


def test_layer_decay_needs_depths():
    cfg = {
        "optimizer": ADAMW,
        "constructor": "LearningRateDecayOptimWrapperConstructor",
        "paramwise_cfg": {"a": 1},
    }
    with pytest.raises(ConfigError, match="get_layer_depth"):
        build_optim_wrapper(nn.Linear(2, 2), cfg)


def test_auto_scale_lr():
    wrapper = wrap(TinyNet(), paramwise_cfg={"bias_lr_mult": 2.0})
    before = wrapper.get_lr()
    assert scale_lr(wrapper, None, 64) == scale_lr(wrapper, {"base_batch_size": 256}, 64) == 1.0
    assert wrapper.get_lr() == before
    assert scale_lr(wrapper, {"base_batch_size": 256, "enable": True}, 64) == 0.25
    assert wrapper.get_lr() == {key: [0.25 * lr for lr in value] for key, value in before.items()}
    with pytest.raises(ConfigError, match="base_batch_size"):
        scale_lr(wrapper, {"enable": True}, 64)


def test_optimizers_of_other_packages():
    with pytest.raises(OptionalDependencyError, match="DAdaptAdam needs dadaptation"):
        wrap(TinyNet(), optimizer={"type": "DAdaptAdam", "lr": 1.0})


def test_zero_redundancy_optimizer_with_one_process(tmp_path):
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        model, plain = TinyNet(), TinyNet()
        cfg = {"type": "ZeroRedundancyOptimizer", "optimizer_type": "AdamW", "lr": 0.01, "weight_decay": 0.05}
        wrapper = wrap(model, optimizer=cfg)
        assert train(wrapper, model) == pytest.approx(train(wrap(plain, optimizer=ADAMW), plain))
        assert wrapper.state_dict()["state"]
        with pytest.raises(ConfigError, match="AdamX"):
            wrap(model, optimizer={**cfg, "optimizer_type": "AdamX"})
    finally:
        torch.distributed.destroy_process_group()


def test_every_wrapper_of_the_zoo_builds():
    """Each ``optim_wrapper`` of the zoo builds over a small model."""
    resolved = json.loads(gzip.decompress((FACTS / "resolved_configs.json.gz").read_bytes()))
    distinct = {json.dumps(cfg["optim_wrapper"]) for cfg in resolved.values() if "optim_wrapper" in cfg}
    assert len(distinct) > 90
    for text in sorted(distinct):
        cfg = json.loads(text, object_hook=lambda d: tuple(d["__tuple__"]) if "__tuple__" in d else d)
        wrapper = build_optim_wrapper(TinyNet(), cfg)
        assert type(wrapper) is OPTIM_WRAPPERS.get(cfg.get("type", "OptimWrapper"))


@pytest.mark.parametrize("name", ["ApexOptimWrapper", "ColossalAIOptimWrapper"])
def test_wrappers_of_libraries_that_are_gone(name):
    with pytest.raises(ConfigError, match="Use type='AmpOptimWrapper'"):
        wrap(TinyNet(), type=name)


def test_old_class_names():
    assert issubclass(AmpOptimWrapper, OptimWrapper)
    assert OPTIM_WRAPPERS.get("mmengine.OptimWrapper") is OptimWrapper
