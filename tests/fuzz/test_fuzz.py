"""The fuzzer finds nothing, and the harness finds what there is to find."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from mmpretrain.errors import DataError
from tests.fuzz.case import Case, Report, Target, load, save
from tests.fuzz.harness import fuzz
from tests.fuzz.targets import NAMES, find


def assert_no_failure(report: Report, tmp_path: Path) -> None:
    lines = [
        f"{len(failures)} x {kind}: {save(report, failures[0], tmp_path)}\n{failures[0].detail[-1500:]}"
        for kind, failures in report.kinds().items()
    ]
    assert not lines, "\n".join(lines)
    assert report.tried == report.survived > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_few_odd_inputs(name, tmp_path):
    target = find(name)
    count = target.quick if target.total is None else min(target.quick, target.total)
    assert_no_failure(fuzz(target, range(count)), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_ten_thousand_odd_inputs(name, tmp_path):
    target = find(name)
    assert_no_failure(fuzz(target, range(10_000 if target.total is None else target.total)), tmp_path)


def _misbehave(case: Case) -> None:
    if case.argument == "answered":
        raise DataError("The image is odd", where="x.png", hint="Remove it.")
    if case.argument == "traceback":
        raise IndexError("list index out of range")
    if case.argument == "no sentence":
        raise DataError("x" * 10_000)
    if case.argument == "hang":
        time.sleep(60)
    if case.argument == "memory":
        bytearray(os.urandom(1) * (200 << 20))
    if case.argument == "more memory":
        bytearray(1 << 45)
    if case.argument == "crash":
        os.kill(os.getpid(), signal.SIGKILL)


_WAYS = (
    "accepted",
    "answered",
    "traceback",
    "no sentence",
    "hang",
    "memory",
    "more memory",
    "crash",
    "accepted",
)


def _way(rng, number):
    return Case(_WAYS[number], {"folder/file.txt": b"content"}, _WAYS[number])


def test_the_harness_tells_failures_apart(tmp_path):
    target = Target("misbehaving", _way, _misbehave, seconds=2, megabytes=100)
    report = fuzz(target, range(len(_WAYS)))
    assert report.counts == {
        "accepted": 2, "answered": 1, "traceback": 2, "hang": 1, "memory": 2, "crash": 1,
    }  # fmt: skip
    assert (report.tried, report.survived) == (9, 3)
    assert [failure.number for failure in report.failures] == [2, 3, 4, 5, 6, 7]
    assert report.failures[0].kind == "IndexError in outside"
    assert "SIGKILL" in report.failures[-1].kind


def test_a_failure_can_be_run_again(tmp_path):
    target = Target("misbehaving", _way, _misbehave)
    report = fuzz(target, [2])
    folder = save(report, report.failures[0], tmp_path)
    assert load(folder) == ("misbehaving", _way(None, 2))
    assert "list index out of range" in (folder / "detail.txt").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_cases_are_known_by_their_number(name):
    target = find(name)
    for number in (0, 1000 if target.total is None else target.total - 1):
        assert target.case(3, number) == target.case(3, number)
