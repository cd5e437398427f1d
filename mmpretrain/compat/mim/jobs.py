"""Trainings and tests that ``mim`` starts: in this process, in several, through Slurm, and in a grid."""

from __future__ import annotations

import itertools
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmpretrain.checkpoints.run_folder import Record
from mmpretrain.errors import ConfigError

#: How often running jobs are looked at, seconds.
LOOK = 0.2


@dataclass(frozen=True)
class Machines:
    """Where jobs run.

    Attributes:
        gpus: Number of processes; 0 is the CPU.
        launcher: ``none``, ``pytorch`` or ``slurm``.
        gpus_per_node: For Slurm.
        cpus_per_task: For Slurm.
        partition: For Slurm.
        srun_args: More options of ``srun``.
        port: For several processes.
    """

    gpus: int = 1
    launcher: str = "none"
    gpus_per_node: int | None = None
    cpus_per_task: int = 2
    partition: str | None = None
    srun_args: str = ""
    port: int | None = None

    def command(self, words: Sequence[str], name: str = "mmpretrain") -> list[str]:
        """Return the command that runs ``mmpretrain WORDS`` there.

        Raises:
            ConfigError: If Slurm is to be used, and no partition is named.
        """
        own = [sys.executable, "-m", "mmpretrain", *words]
        if self.launcher == "slurm":
            if not self.partition:
                raise ConfigError("Slurm needs a partition", hint="Name one: --partition NAME.")
            per_node = self.gpus_per_node or min(max(self.gpus, 1), 8)
            devices = [f"--gres=gpu:{per_node}"] if self.gpus else []
            return [
                "srun", "-p", self.partition, f"--job-name={name}", *devices, f"--ntasks={max(self.gpus, 1)}",
                f"--ntasks-per-node={per_node if self.gpus else 1}", f"--cpus-per-task={self.cpus_per_task}",
                "--kill-on-bad-exit=1", *shlex.split(self.srun_args), *own, "--launcher", "slurm",
            ]  # fmt: skip
        if self.gpus == 0:
            return [*own, "--device", "cpu"]
        if self.launcher == "pytorch" and self.gpus > 1:
            port = [] if self.port is None else ["--master-port", str(self.port)]
            return [*own, "--gpus", str(self.gpus), *port]
        return own


def run(command: Sequence[str]) -> int:
    """Run a command, and return its exit code."""
    try:
        return subprocess.run(command, check=False).returncode
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no program {command[0]!r} here", hint="Is this a Slurm cluster?"
        ) from error


# -- grids ---------------------------------------------------------------------------------------------


def parse_grid(text: str) -> dict[str, list[str]]:
    """Read ``'--optimizer.lr 0.1 0.01 --optimizer.weight_decay 1e-4'``.

    Raises:
        ConfigError: If a value stands without a name, or a name without a value.
    """
    grid: dict[str, list[str]] = {}
    for word in shlex.split(text):
        if word.startswith("--") and len(word) > 2:
            key, equals, value = word[2:].partition("=")
            grid[key] = [value] if equals else []
        elif not grid:
            raise ConfigError(f"{word!r} stands before a name", where="--search-args")
        else:
            grid[next(reversed(grid))].append(word)
    empty = [key for key, values in grid.items() if not values]
    if empty or not grid:
        raise ConfigError(
            f"{empty[0]!r} has no values" if empty else "there is nothing to search", where="--search-args",
            hint="For example: --search-args '--optim_wrapper.optimizer.lr 0.1 0.01'.",
        )  # fmt: skip
    return grid


@dataclass
class Trial:
    """One training of a grid.

    Attributes:
        options: Key -> value.
        work_dir: Its folder.
        code: Its exit code, once it has ended.
    """

    options: dict[str, str]
    work_dir: Path
    code: int | None = None

    @property
    def best(self) -> float | None:
        """The best score of its validations."""
        try:
            record = Record.parse(json.loads((self.work_dir / "run.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return record.best[0].value if record.best else None


def trials(grid: dict[str, list[str]], folder: Path) -> list[Trial]:
    """Return the trainings of a grid, each with its own folder."""
    found = []
    for values in itertools.product(*grid.values()):
        options = dict(zip(grid, values))
        name = "search_" + "_".join(f"{key}_{value}" for key, value in options.items()).replace("/", "-")
        found.append(Trial(options, folder / name))
    return found


def run_grid(pending: list[Trial], commands: Sequence[Sequence[str]], at_once: int) -> Iterator[Trial]:
    """Run trainings, some of them at the same time, and yield each when it has ended."""
    waiting = list(zip(pending, commands))
    running: list[tuple[Trial, subprocess.Popen[bytes]]] = []
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                trial, command = waiting.pop(0)
                running.append((trial, subprocess.Popen(command)))
            ended = [(trial, job) for trial, job in running if job.poll() is not None]
            for trial, job in ended:
                running.remove((trial, job))
                trial.code = job.returncode
                yield trial
            if not ended:
                time.sleep(LOOK)
    finally:
        for _, job in running:
            job.terminate()
