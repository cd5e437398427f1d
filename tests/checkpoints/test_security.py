"""Files of strangers: nothing in them runs, and what they claim is not believed."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from mmpretrain.checkpoints.serialization import load
from mmpretrain.utils import plain_data
from tests.checkpoints import attacks
from tests.fuzz.case import Case, Target
from tests.fuzz.harness import fuzz

READERS = {"checkpoint": attacks.archive, "old checkpoint": attacks.old_file, "pickle": attacks.plain_pickle}


def read(case: Case) -> None:
    """Read the one file of a case; nothing else may change, in this process and in the folder."""
    before = (dict.update, Path.name, os.system)
    (file,) = case.files
    try:
        (plain_data.load if file.endswith((".pkl", ".json", ".yaml")) else load)(file)
    finally:
        assert before == (dict.update, Path.name, os.system)
        assert os.listdir() == [file]
    assert case.argument == "accepted", "this was accepted"


def attack(files: dict[str, tuple[str, bytes]], expected: str) -> None:
    """Read files in a process with little memory, and name those that had another end than expected."""
    names = list(files)

    def make(rng: Random, number: int) -> Case:
        file, data = files[names[number]]
        return Case(names[number], {file: data}, expected)

    report = fuzz(Target("security", make, read, seconds=120, megabytes=300), range(len(names)))
    wrong = {names[failure.number]: failure.detail[-300:] for failure in report.failures}
    assert not wrong
    assert report.counts == {expected: len(names)}


def wrapped(programs: dict[str, bytes], reader: str) -> dict[str, tuple[str, bytes]]:
    file = "a.pkl" if reader == "pickle" else "a.pth"
    return {name: (file, READERS[reader](program)) for name, program in programs.items()}


@pytest.mark.parametrize("reader", READERS)
def test_pickles_that_ask_for_too_much_are_refused(reader):
    attack(wrapped(attacks.REFUSED, reader), "answered")


@pytest.mark.parametrize("reader", READERS)
def test_pickles_that_name_code_do_nothing(reader):
    attack(wrapped(attacks.INERT, reader), "answered" if reader == "pickle" else "accepted")


def test_what_a_checkpoint_claims_is_compared_with_the_file():
    attack({name: make() for name, make in attacks.FILES.items()}, "answered")


def test_annotations_out_of_proportion_are_refused():
    attack(attacks.ANNOTATIONS, "answered")
