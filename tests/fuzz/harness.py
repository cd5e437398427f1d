"""Running cases where they can do no harm: in forked processes that may be killed."""

from __future__ import annotations

import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mmpretrain.errors import MMPretrainError, notes_of
from tests.fuzz.case import SURVIVED, Case, Failure, Report, Target

#: A child is replaced after this many cases, so that what a case leaves behind harms few others.
PER_CHILD = 100
#: Longest sentence that counts as an answer, in characters for each line.
LONGEST = 1500


def fuzz(target: Target, numbers: Sequence[int], seed: int = 0) -> Report:
    """Run cases of a target and report what became of them.

    Args:
        target: What to fuzz.
        numbers: Which cases.
        seed: Seed of the cases.
    """
    target.prepare()
    report = Report(target, seed)
    start = time.monotonic()
    left = list(numbers)
    while left:
        done = 0
        for result in _in_child(target, left[:PER_CHILD], seed):
            done += 1
            _count(report, *result)
        left = left[done:]
    report.seconds = time.monotonic() - start
    return report


def _count(report: Report, number: int, outcome: str, kind: str, detail: str) -> None:
    report.counts[outcome] += 1
    if outcome == "answered":
        report.answers[kind] += 1
    elif outcome not in SURVIVED:
        report.failures.append(Failure(number, outcome, kind, detail))


def _in_child(target: Target, numbers: Sequence[int], seed: int) -> Iterator[tuple[int, str, str, str]]:
    """Run cases in one forked process and yield results until it has run all, or was lost."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _serve(target, numbers, seed, writing)
    os.close(writing)
    waiting, text, spent = list(numbers), b"", 0.0
    try:
        while waiting:
            ready, _, _ = select.select([reading], [], [], target.seconds)
            data = os.read(reading, 1 << 16) if ready else b""
            if not ready and _is_starved(child, spent + target.seconds):
                continue
            if data:
                spent = _spent(child)
                *lines, text = (text + data).split(b"\n")
                for line in lines:
                    waiting.pop(0)
                    yield tuple(json.loads(line))
            elif ready:  # the process ended in the middle of a case
                _, status = os.waitpid(child, 0)
                child = 0
                yield waiting[0], "crash", f"crash: {_ending(status)}", _ending(status)
                return
            else:
                yield waiting[0], "hang", "hang", f"no answer within {target.seconds} s"
                return
    finally:
        os.close(reading)
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _is_starved(child: int, allowed: float) -> bool:
    """Whether a process wants to run, and has not had its seconds yet because the machine is busy."""
    try:
        state = Path(f"/proc/{child}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state == "R" and _spent(child) < allowed


def _spent(child: int) -> float:
    """Seconds of a processor that a process has used; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{child}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"ended by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit code {os.waitstatus_to_exitcode(status)}"


def _serve(target: Target, numbers: Sequence[int], seed: int, writing: int) -> None:
    """Run cases in this (forked) process, write a line for each, and exit."""
    code = 1
    try:
        silent = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(silent, standard)
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        limit = (_memory("VmSize") + 4 * target.megabytes) << 20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            for number in numbers:
                line = json.dumps((number, *run_safely(target, target.case(seed, number))))
                pipe.write(line + "\n")
                pipe.flush()
        code = 0
    finally:
        os._exit(code)


def run_safely(target: Target, case: Case) -> tuple[str, str, str]:
    """Run a case in a fresh folder; return its outcome, the kind of error, and the details."""
    here = os.getcwd()
    environment = dict(os.environ)
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    before = _reset_peak()
    try:
        case.write(folder)
        os.chdir(folder)
        outcome = _outcome(target, case)
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(environment)
        shutil.rmtree(folder, ignore_errors=True)
    growth = _memory("VmHWM") - before
    if outcome[0] in SURVIVED and growth > target.megabytes:
        return "memory", "memory: peak", f"the process grew by {growth} MB; {outcome[1]}"
    return outcome


def _outcome(target: Target, case: Case) -> tuple[str, str, str]:
    try:
        target.run(case)
    except MMPretrainError as error:
        text = str(error)
        if not error.message.strip() or max(map(len, text.splitlines())) > LONGEST:
            return "traceback", f"no sentence: {type(error).__name__} of {len(text)} characters", text[:5000]
        return "answered", type(error).__name__, text
    except MemoryError as error:
        return "memory", _kind(error), traceback.format_exc()
    except BaseException as error:
        if _is_of_user(error):
            return "answered", f"note: {type(error).__name__}", "\n".join(notes_of(error))
        return "traceback", _kind(error), traceback.format_exc()
    return "accepted", "", ""


def _is_of_user(error: BaseException) -> bool:
    """Whether an error comes from code of the input, and a note of ours says how that came to run."""
    last = traceback.extract_tb(error.__traceback__)[-1].filename.replace(os.sep, "/")
    return bool(notes_of(error)) and "/mmpretrain/" not in last and "/site-packages/" not in last


def _kind(error: BaseException) -> str:
    """Name an error by its type and the innermost frame of ours that it went through."""
    frames: list[Any] = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "/mmpretrain/" in frame.filename.replace(os.sep, "/")
    ]
    place = "outside"
    if frames:
        file = frames[-1].filename.replace(os.sep, "/").rpartition("/mmpretrain/")[2]
        place = f"{file}:{frames[-1].name}"
    return f"{type(error).__name__} in {place}"


def _memory(field: str) -> int:
    """Return a figure of ``/proc/self/status`` in MB; 0 where there is none."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    line = next((line for line in status.splitlines() if line.startswith(f"{field}:")), ": 0")
    return int(line.split()[1]) >> 10


def _reset_peak() -> int:
    """Let the peak of resident memory start again; return the present size in MB."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:  # then growth is measured against the peak so far
        return _memory("VmHWM")
    return _memory("VmRSS")
