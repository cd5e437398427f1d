"""Several processes of a run, as forks of the warm test process."""

from __future__ import annotations

import os
import pickle
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def fork_ranks(function: Callable[[], Any], folder: Path, world_size: int = 2) -> list[int]:
    """Call a function in several processes with torchrun's variables set; return their numbers."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    children = []
    for rank in range(world_size):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.environ.update(
                    RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(world_size),
                    LOCAL_WORLD_SIZE=str(world_size), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port),
                )  # fmt: skip
                result = function()
                (folder / f"rank{rank}.pkl").write_bytes(pickle.dumps(result))
                status = 0
            except SystemExit as error:
                status = int(error.code or 0)
            except BaseException:
                (folder / f"rank{rank}.txt").write_text(traceback.format_exc())
            finally:
                os._exit(status)
        children.append(child)
    return children


def exit_codes(children: list[int]) -> list[int]:
    """Wait for processes; return how each one ended."""
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def run_ranks(function: Callable[[], Any], folder: Path, world_size: int = 2) -> list[Any]:
    """Call a function in several processes with torchrun's variables set; return their results."""
    codes = exit_codes(fork_ranks(function, folder, world_size))
    errors = [path.read_text() for path in sorted(folder.glob("rank*.txt"))]
    assert codes == [0] * world_size, "\n".join(errors)
    return [pickle.loads((folder / f"rank{rank}.pkl").read_bytes()) for rank in range(world_size)]
