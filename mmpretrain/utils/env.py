"""What this machine has, and the process-wide switches of a run."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Mapping
from importlib import metadata
from typing import Any, NamedTuple

import numpy as np
import torch

import mmpretrain
from mmpretrain.errors import ConfigError

#: Options of glibc's mallopt(3).
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
#: The largest value that glibc takes on 64-bit systems.
_LARGEST_MMAP_THRESHOLD = 32 * 2**20
#: What glibc was told, which cannot be read back.
_allocator = {"keeps_freed_memory": False}


def usable_cores() -> int:
    """Number of CPU cores that this process may use; job queues often grant only a part of them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def collect_env() -> dict[str, str]:
    """Return versions and devices, in the order in which a log shows them."""
    env = {
        "sys.platform": sys.platform,
        "Python": platform.python_version(),
        "mmpretrain": mmpretrain.__version__,
        "PyTorch": torch.__version__,
        "NumPy": np.__version__,
        "OpenCV": _version("opencv-python-headless", "opencv-python", "opencv-contrib-python"),
        "CPU": f"{os.cpu_count()} cores, {torch.get_num_threads()} threads",
        "CUDA available": str(torch.cuda.is_available()),
    }
    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        env |= {
            f"GPU {','.join(str(i) for i, n in enumerate(names) if n == name)}": name
            for name in dict.fromkeys(names)
        }
        env["CUDA"] = str(torch.version.cuda)
        env["cuDNN"] = str(torch.backends.cudnn.version())
    return env


def _version(*packages: str) -> str:
    for package in packages:
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return "not installed"


def default_device() -> torch.device:
    """The best device of this process: its GPU, else Apple's, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def find_device(device: str | torch.device | None) -> torch.device:
    """Return the device of that name, the best one by default.

    Raises:
        ConfigError: If there is none.
    """
    if device is None:
        return default_device()
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise ConfigError(
            f"There is no device {device!r}", hint="Such as 'cuda', 'cuda:1' or 'cpu'."
        ) from error
    if found.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            f"There is no device {device!r}: torch finds no GPU", hint="`mmpretrain doctor` says more."
        )
    return found


def apply_switches(env_cfg: Mapping[str, Any]) -> None:
    """Set what ``env_cfg`` asks for.

    Args:
        env_cfg: ``cudnn_benchmark`` (let cuDNN time its algorithms), ``tf32`` (19-bit products in float32),
            ``mp_cfg`` with ``mp_start_method`` and ``opencv_num_threads``, ``resource_limit`` (open files),
            ``keep_freed_memory`` (see :func:`keep_freed_memory`; on by default).
    """
    if env_cfg.get("keep_freed_memory", True):
        keep_freed_memory()
    if env_cfg.get("cudnn_benchmark"):
        torch.backends.cudnn.benchmark = True
    if (tf32 := env_cfg.get("tf32")) is not None:
        torch.set_float32_matmul_precision("high" if tf32 else "highest")
        torch.backends.cudnn.allow_tf32 = bool(tf32)
    workers = env_cfg.get("mp_cfg") or {}
    if (method := workers.get("mp_start_method")) and torch.multiprocessing.get_start_method(True) != method:
        if method not in torch.multiprocessing.get_all_start_methods():
            raise ConfigError(
                f"mp_start_method {method!r} does not exist on {sys.platform}",
                hint=f"Choose one of {torch.multiprocessing.get_all_start_methods()}.",
            )
        torch.multiprocessing.set_start_method(method, force=True)
    if (threads := workers.get("opencv_num_threads")) is not None:
        import cv2

        cv2.setNumThreads(threads)
    _raise_file_limit(env_cfg.get("resource_limit", 4096))


def keep_freed_memory() -> None:
    """Let this process keep memory that it frees, for the tensors of the next iteration.

    Otherwise glibc gives much of it back to the system after every step, and the system has to clear each
    page before it hands it out again; that is up to a tenth of a forward pass on a CPU. Peak memory stays the
    same. Nothing happens with another allocator, or where ``MALLOC_*`` in the environment says what to do.
    """
    chosen = any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ)
    if sys.platform != "linux" or chosen:
        return
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:  # musl has none
        set_option(_M_TRIM_THRESHOLD, 2**31 - 1)
        set_option(_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)
        _allocator["keeps_freed_memory"] = True


class Inherited(NamedTuple):
    """Switches of this process that forked workers have, and workers that are started afresh do not.

    Attributes:
        keeps_freed_memory: Whether :func:`keep_freed_memory` was called.
        opencv_threads: How many threads OpenCV uses; None if it is not loaded.
    """

    keeps_freed_memory: bool
    opencv_threads: int | None

    @classmethod
    def of_this_process(cls) -> Inherited:
        """The switches as they are now."""
        cv2 = sys.modules.get("cv2")
        return cls(_allocator["keeps_freed_memory"], cv2.getNumThreads() if cv2 is not None else None)

    def apply(self) -> None:
        """Set in a worker those that differ.

        A forked worker has all of them, and must not ask OpenCV again: its threads stayed behind in the
        parent, and OpenCV would wait forever for them to end.
        """
        if self.keeps_freed_memory and not _allocator["keeps_freed_memory"]:
            keep_freed_memory()
        if self.opencv_threads is not None:
            import cv2

            if cv2.getNumThreads() != self.opencv_threads:
                cv2.setNumThreads(self.opencv_threads)


def _raise_file_limit(wanted: int) -> None:
    """Allow more open files, which many workers need, up to the hard limit of this process."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and ceiling > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (ceiling, hard))


def set_deterministic() -> None:
    """Choose algorithms that give the same result every time, at some cost."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True)
