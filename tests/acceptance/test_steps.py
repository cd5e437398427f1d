"""The tables of steps: which test tries which lines of a tutorial."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REPO = HERE.parents[1]
TABLES = sorted(HERE.glob("steps/*.txt"))
#: Lines of the texts.
LENGTHS = {"seed_000": 118, "seed_001": 561, "seed_002": 2772, "seed_003": 328, "seed_004": 148}


def rows(table):
    lines = (line for line in table.read_text().splitlines() if not line.startswith("#"))
    return [[cell.strip() for cell in re.split(r" \| ", line)] for line in lines]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_each_step_has_a_test(table):
    last = 0
    for place, step, test, *difference in rows(table):
        first, _, end = place.partition("-")
        assert last <= int(first) <= int(end or first) <= LENGTHS[table.stem], place
        last = int(first)
        assert step
        assert len(difference) <= 1
        file, _, name = test.partition("::")
        path = REPO / file if file.startswith("tests/") else HERE / file
        assert path.is_file(), test
        assert not name or f"def {name}(" in path.read_text(), test


def test_there_is_a_table_for_each_text():
    assert {table.stem for table in TABLES} == set(LENGTHS)
