"""All algorithms of 1.x, and their parts, with arguments that no config of the zoo has.

The numbers in ``data/sweep.json.gz`` come from MMPretrain 1.2, two to four steps each; how they are played,
``facts`` says. Dropout is drawn by ``fixed_draws`` too. ``state_dict`` is a digest of names and shapes.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import cache
from pathlib import Path

import pytest

from tests.models.selfsup.facts import differences, part, record

#: What differs on purpose, see ``test_masked``: by the beginning of a name.
MENDED = {
    "BEiT.": ["frozen"],
    "CAE.": ["frozen"],
    "BEiTv2.": ["tokenizer1", "tokenizer2", "tokenizer3"],
}


@cache
def sweep(kind: str) -> dict:
    path = Path(__file__).parent / "data" / "sweep.json.gz"
    return json.loads(gzip.decompress(path.read_bytes()))[kind]


def digest(shapes: dict) -> str:
    return hashlib.sha1(json.dumps(sorted(shapes.items())).encode()).hexdigest()[:12]


def wrong(kind: str, want: dict, got: dict) -> list[str]:
    if "state_dict" in got:
        got["state_dict"] = digest(got["state_dict"])
    return [f"{aspect}: {text}" for aspect, text, _ in differences(want, got, kind) if text]


@pytest.mark.parametrize("name", sweep("algorithms"))
def test_algorithm(name):
    want = sweep("algorithms")[name]
    got = record({**want["case"], "dropout": True}, want)
    allowed = next((aspects for start, aspects in MENDED.items() if name.startswith(start)), [])
    assert [text for text in wrong("algorithms", want, got) if text.split(":")[0] not in allowed] == []
    assert got["draws"] == want["draws"]


@pytest.mark.parametrize("name", sweep("parts"))
def test_part(name):
    want = sweep("parts")[name]
    got = part(want["case"], want)
    assert wrong("parts", want, got) == []
    assert got["draws"] == want["draws"]
