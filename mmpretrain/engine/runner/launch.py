"""Starting the processes of a distributed run, and bringing them together."""

from __future__ import annotations

import atexit
import datetime
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

import torch
import torch.distributed as dist

from mmpretrain.engine.runner.signals import SIGNALS, is_ignored
from mmpretrain.errors import ConfigError, TrainingError
from mmpretrain.utils.brief import brief
from mmpretrain.utils.processes import die_with_parent

Launcher = Literal["none", "pytorch", "slurm", "mpi"]


def init_process_group(
    launcher: Launcher | str,
    backend: str | None = None,
    timeout: float | None = None,
    port: int | None = None,
    **kwargs: Any,
) -> None:
    """Join the other processes of the run, if there are any.

    Args:
        launcher: Who started this process, and so which environment variables tell rank and address.
        backend: ``'nccl'``, ``'gloo'``, ...; by default what the devices of this machine need.
        timeout: Seconds after which a process that waits for the others gives up.
        port: Port of the first process; Slurm and MPI hand none over (``MASTER_PORT``, or else 29500).
        **kwargs: Further arguments of :func:`torch.distributed.init_process_group`.
    """
    if launcher not in ("none", "pytorch", "slurm", "mpi"):
        raise ConfigError(f"Unknown launcher {launcher!r}", hint="Choose none, pytorch, slurm or mpi.")
    if launcher == "none" or dist.is_initialized():
        return
    if port is not None and launcher != "pytorch":
        os.environ["MASTER_PORT"] = str(port)
    if "TORCHELASTIC_RUN_ID" in os.environ:
        die_with_parent()  # when torchrun is killed, it cannot end its processes
    os.environ.update(torchrun_variables(launcher, os.environ))
    missing = [name for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK") if name not in os.environ]
    if missing:
        raise ConfigError(
            f"launcher={launcher!r}, but {', '.join(missing)} not set",
            hint="Start with `mmpretrain train CONFIG --gpus N`, torchrun or tools/dist_train.sh.",
        )
    check_variables(os.environ)
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
    if backend in (None, "nccl"):
        # Objects and small flags travel through gloo, so that they never wait for the GPU.
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    if timeout is not None:
        kwargs["timeout"] = datetime.timedelta(seconds=timeout)
    kwargs.pop("init_backend", None)
    if was_restarted():
        # The store outlives the processes that failed; under the same names, their addresses would be found.
        store, rank, world_size = next(dist.rendezvous("env://"))
        prefix = f"restart {os.environ['TORCHELASTIC_RESTART_COUNT']}"
        kwargs.update(store=dist.PrefixStore(prefix, store), rank=rank, world_size=world_size)
    dist.init_process_group(backend, **kwargs)
    atexit.register(leave_process_group)


def check_variables(env: Mapping[str, str]) -> None:
    """Check the launcher's variables: with a number too high, processes would wait for ever.

    Raises:
        ConfigError: If a variable is no whole number, or out of its range.
    """
    size = _whole_number(env, "WORLD_SIZE", 1, None)
    _whole_number(env, "RANK", 0, size - 1)
    _whole_number(env, "LOCAL_RANK", 0, size - 1)
    _whole_number(env, "MASTER_PORT", 0, 65535)


def _whole_number(env: Mapping[str, str], name: str, least: int, most: int | None) -> int:
    text = env.get(name, str(least))
    value = int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else None
    if value is None or value < least or (most is not None and value > most):
        reach = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ConfigError(
            f"The environment variable {name} must be a whole number {reach}, got {brief(text)}",
            hint="`mmpretrain train CONFIG --gpus N`, torchrun and tools/dist_train.sh set it.",
        )
    return value


def leave_process_group() -> None:
    """End the threads of the group, which could abort a finished process at interpreter exit."""
    if dist.is_initialized():
        dist.destroy_process_group()


def abandon_process_group() -> None:
    """Let a failed process exit without a collective shutdown, which could block."""
    atexit.unregister(leave_process_group)


@contextmanager
def lost_processes_explained() -> Iterator[None]:
    """Explain an error that only means that another process failed."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and "/gloo/transport/" not in str(error):
            raise
        raise TrainingError(
            f"Another process of the run has ended, or cannot be reached ({str(error).splitlines()[0]})",
            hint="What it said before tells why; each process has a log of its errors in the log folder.",
        ) from error


def was_restarted() -> bool:
    """Whether torchrun has started this process in place of one that failed."""
    return os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0"


def torchrun_variables(launcher: str, env: Mapping[str, str]) -> dict[str, str]:
    """Translate the variables of Slurm and MPI into those of torchrun."""
    if launcher == "slurm":
        found = {
            "RANK": env.get("SLURM_PROCID"),
            "WORLD_SIZE": env.get("SLURM_NTASKS"),
            "LOCAL_RANK": env.get("SLURM_LOCALID"),
            "MASTER_ADDR": env.get("MASTER_ADDR") or first_host(env.get("SLURM_NODELIST", "localhost")),
        }
    elif launcher == "mpi":
        found = {
            "RANK": env.get("OMPI_COMM_WORLD_RANK") or env.get("PMI_RANK"),
            "WORLD_SIZE": env.get("OMPI_COMM_WORLD_SIZE") or env.get("PMI_SIZE"),
            "LOCAL_RANK": env.get("OMPI_COMM_WORLD_LOCAL_RANK") or env.get("MPI_LOCALRANKID"),
            "MASTER_ADDR": env.get("MASTER_ADDR", "127.0.0.1"),
        }
    else:
        return {}
    found["MASTER_PORT"] = env.get("MASTER_PORT", "29500")
    return {name: value for name, value in found.items() if value is not None}


def first_host(nodes: str) -> str:
    """Return the first host of a Slurm node list such as ``'gpu[03-05,9],login1'``."""
    match = re.match(r"([^,\[]+)(?:\[(\w+))?", nodes)
    if match is None:
        raise ConfigError(f"Cannot read SLURM_NODELIST={nodes!r}", hint="Set MASTER_ADDR.")
    return match[1] + (match[2] or "")


def torchrun(
    command: list[str], processes: int, nodes: int = 1, node_rank: int = 0, address: str | None = None,
    port: int | None = None, max_restarts: int = 0,
) -> int:  # fmt: skip
    """Run a Python command (``['-m', 'mmpretrain', ...]``) in several processes, and return its exit code.

    After SIGINT, SIGTERM and SIGHUP, that is 130, 143 and 129, as with a single process.

    Args:
        command: What to give to Python.
        processes: Processes on this machine.
        nodes: Number of machines.
        node_rank: Number of this machine.
        address: Host of the first machine; only needed for several.
        port: Port there; by default 29500, or on a single machine any free one.
        max_restarts: How often to start all processes again when one fails.
    """
    args = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        f"--nproc-per-node={processes}",
        f"--nnodes={nodes}",
    ]
    if nodes == 1 and port is None:
        args.append("--standalone")
    else:
        args += [
            f"--node-rank={node_rank}",
            f"--master-addr={address or '127.0.0.1'}",
            f"--master-port={port or 29500}",
        ]
    args.append(f"--max-restarts={max_restarts}")
    return call_and_pass_signals([*args, *command])


def call_and_pass_signals(command: list[str]) -> int:
    """Run a command, pass signals on to it, and return its exit code.

    It gets its own session: a terminal would send Ctrl-C to it, and with what is passed on here that
    were two, of which the second ends a run at once.
    """
    received: list[int] = []
    child = subprocess.Popen(
        command,
        start_new_session=True,
        preexec_fn=partial(die_with_parent, parent=os.getpid()) if sys.platform == "linux" else None,
    )

    def pass_on(number: int, frame: object) -> None:
        received.append(number)
        child.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in SIGNALS if not is_ignored(number)}
    try:
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 + received[0] if code and received else code
