"""Tests of :mod:`mmpretrain.utils.env`."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.utils import env
from mmpretrain.utils.env import Inherited, apply_switches, collect_env


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


def test_forked_workers_do_not_ask_opencv_again(monkeypatch):
    """Its threads stayed in the parent: in a fork it waited forever for them to end."""
    import cv2

    switches = Inherited.of_this_process()
    assert switches.opencv_threads == cv2.getNumThreads()
    asked: list[int] = []
    monkeypatch.setattr(cv2, "setNumThreads", asked.append)
    switches.apply()
    assert asked == []
    switches._replace(opencv_threads=cv2.getNumThreads() + 1).apply()
    assert asked == [cv2.getNumThreads() + 1]
