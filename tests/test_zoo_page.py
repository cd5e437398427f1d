"""The page about the zoo says what the registry and the index say."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import torch

from mmpretrain.apis import get_model
from mmpretrain.errors import ConfigError

SCRIPT = Path(__file__).parents[1] / "tools" / "zoo_table.py"


def test_table():
    script = runpy.run_path(str(SCRIPT))
    page = script["PAGE"].read_text(encoding="utf-8")
    assert script["TABLE"].search(page)[0] == script["table"](), "run: python tools/zoo_table.py"


def test_entries_without_facts_build():
    with torch.device("meta"):
        model = get_model("swinv2-base-w12_3rdparty_in21k-192px", device="meta")
    assert model.head.fc.out_features == 21841


def test_what_lacks_is_said():
    script = runpy.run_path(str(SCRIPT))
    assert script["missing"]({"type": "ImageClassifier", "backbone": {"type": "NoSuchNet"}}) == {"NoSuchNet"}
    with pytest.raises(ConfigError, match="no-such-model"):
        get_model("no-such-model")
