"""Switches for speed and memory change neither names nor numbers."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from mmpretrain.engine.runner import speed
from mmpretrain.engine.runner.build import init_weights
from mmpretrain.engine.runner.precision import Autocast, FullPrecision, build_precision
from mmpretrain.errors import ConfigError
from mmpretrain.utils import env
from mmpretrain.utils.env import apply_switches, collect_env
from tests.engine import tiny


def losses(make_runner, model=None, **cfg):
    """The last losses of a run; its generators are those of every other run."""
    found = []

    class Model(model or tiny.TinyModel):
        def train_step(self, data, optim_wrapper):
            outputs = super().train_step(data, optim_wrapper)
            found.append(float(outputs["loss"].detach()))
            return outputs

    torch.manual_seed(0)
    runner = make_runner(model=Model(), cfg=dict(device="cpu", **cfg), log_level="ERROR")
    runner.train()
    return found, runner


def test_compile_keeps_names_and_numbers(make_runner):
    plain, straight = losses(make_runner)
    compiled, runner = losses(make_runner, compile=dict(backend="eager"))
    assert compiled == pytest.approx(plain, rel=1e-5)
    assert runner.model.state_dict().keys() == straight.model.state_dict().keys()
    assert runner.model.backbone._compiled_call_impl is not None


def test_compile_the_whole_step(make_runner):
    plain, _ = losses(make_runner)
    compiled, _ = losses(make_runner, compile=dict(backend="eager", target="train_step"))
    assert compiled == pytest.approx(plain, rel=1e-5)


def test_activation_checkpointing_saves_activations(make_runner, monkeypatch):
    plain, straight = losses(make_runner)
    again, runner = losses(make_runner, activation_checkpointing=["backbone"])
    assert again == pytest.approx(plain, rel=1e-5)
    assert runner.model.state_dict().keys() == straight.model.state_dict().keys()
    calls = []
    linear = torch.nn.functional.linear
    monkeypatch.setattr(torch.nn.functional, "linear", lambda *args: calls.append(1) or linear(*args))
    runner.model.backbone(torch.rand(4, 4)).sum().backward()
    assert len(calls) == 2, "once forward, and once again for the backward pass"


def test_unknown_modules_are_named(make_runner):
    with pytest.raises(ConfigError, match="Did you mean 'backbone'"):
        speed.compile_model(tiny.TinyModel(), dict(target="bakbone"))
    with pytest.raises(ConfigError, match=r"no module \{\}"):
        speed.checkpoint_activations(tiny.TinyModel(), [{}])


def test_compile_without_a_compiler(monkeypatch):
    from torch._inductor import config

    monkeypatch.setattr(config.cpp, "cxx", (None, "/no/g++"))
    with pytest.raises(ConfigError, match=r"needs a C\+\+ compiler, and there is none. Install g\+\+"):
        speed.compile_model(tiny.TinyModel(), True)


def test_channels_last(make_runner):
    """The weights that a seed gives are the same."""

    class Image(tiny.TinyModel):
        def __init__(self):
            super().__init__()
            self.stem = torch.nn.Conv2d(3, 4, 3)

        def init_weights(self):
            torch.nn.init.normal_(self.stem.weight)

        def forward(self, inputs, data_samples=None, mode="tensor"):
            self.stem(inputs.new_ones(1, 3, 4, 4))
            return super().forward(inputs, data_samples, mode)

    switched = make_runner(model=Image(), cfg=dict(device="cpu", channels_last=True))
    assert switched.model.stem.weight.is_contiguous(memory_format=torch.channels_last)
    plain = make_runner(model=Image())
    for runner in (switched, plain):
        torch.manual_seed(0)
        init_weights(runner)
    assert switched.model.stem.weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(switched.model.stem.weight, plain.model.stem.weight)


def test_precision_of_evaluation():
    cpu = torch.device("cpu")
    assert isinstance(build_precision(None, cpu), FullPrecision)
    with build_precision("fp16", cpu).context():
        assert (torch.rand(2, 2) @ torch.rand(2, 2)).dtype == torch.bfloat16
    assert isinstance(build_precision("fp16", torch.device("cuda")), Autocast)


def test_switches_of_the_environment():
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.benchmark
    try:
        apply_switches(dict(cudnn_benchmark=True, tf32=True))
        assert torch.get_float32_matmul_precision() == "high"
        assert torch.backends.cudnn.benchmark
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.benchmark = before[1]
    with pytest.raises(ConfigError, match="mp_start_method 'spown' does not exist"):
        apply_switches(dict(mp_cfg=dict(mp_start_method="spown")))
    assert collect_env()["PyTorch"] == torch.__version__


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="is about glibc's allocator")
def test_freed_memory_is_used_again():
    """Memory that comes from the system costs a page fault for each of its pages."""
    program = """if True:
        import resource
        import torch
        from mmpretrain.utils.env import apply_switches

        def step():
            tensors = [torch.ones(2**22) for _ in range(8)]

        apply_switches({})
        for _ in range(3):
            step()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(5):
            step()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    faults = int(subprocess.check_output([sys.executable, "-c", program], env=environment))
    pages = 5 * 8 * 4 * 2**22 // resource.getpagesize()
    assert faults < 0.1 * pages


@pytest.mark.skipif(sys.platform != "linux", reason="is about glibc's allocator")
def test_who_decides_about_freed_memory(monkeypatch):
    calls = []
    library = SimpleNamespace(mallopt=lambda *options: calls.append(options))
    monkeypatch.setattr(env.ctypes, "CDLL", lambda name: library)
    for name in [name for name in os.environ if name.startswith(("MALLOC_", "GLIBC_"))]:
        monkeypatch.delenv(name)
    apply_switches(dict(keep_freed_memory=False))
    assert not calls
    apply_switches({})
    assert len(calls) == 2
    monkeypatch.setenv("MALLOC_ARENA_MAX", "2")
    apply_switches({})
    assert len(calls) == 2, "the environment decides"


def test_amp_trains_on_the_cpu(make_runner):
    wrapper = dict(type="AmpOptimWrapper", dtype="bfloat16", optimizer=dict(type="SGD", lr=0.1))
    runner = make_runner(optim_wrapper=wrapper)
    runner.train()
    losses = runner.message_hub.get_scalar("train/loss").data[0]
    assert losses[-4:].mean() < losses[:4].mean()
    assert runner.model.head.weight.dtype == torch.float32
