"""Masked image modelling with unusual arguments: other widths, depths, patches, ratios, norms and positions.

The numbers in ``data/variants.json.gz`` come from MMPretrain 1.2; how they are played, ``facts`` says.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path

import pytest

from tests.models.selfsup.facts import differences, part, record

#: What differs on purpose, see ``test_masked``: by the beginning of a name.
MENDED = {"BEiT.": ["frozen"], "CAE.": ["frozen"], "BEiTv2.": ["tokenizer1", "tokenizer2"]}


@cache
def variants(kind: str) -> dict:
    path = Path(__file__).parent / "data" / "variants.json.gz"
    return json.loads(gzip.decompress(path.read_bytes()))[kind]


@pytest.mark.parametrize("name", variants("algorithms"))
def test_algorithm(name):
    want = variants("algorithms")[name]
    got = record(want["case"], want)
    wrong = [aspect for aspect, text, _ in differences(want, got, "algorithms") if text]
    assert wrong == next((aspects for start, aspects in MENDED.items() if name.startswith(start)), [])
    assert got["draws"] == want["draws"]


@pytest.mark.parametrize("name", variants("parts"))
def test_part(name):
    want = variants("parts")[name]
    got = part(want["case"], want)
    assert [f"{aspect}: {text}" for aspect, text, _ in differences(want, got, "parts") if text] == []
    assert got["draws"] == want["draws"]
