"""Tests of :mod:`mmpretrain.engine.runner.properties`."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from mmpretrain import registry


def test_every_name_of_1x_is_known():
    facts = json.loads(
        gzip.decompress((Path(__file__).parents[2] / "facts" / "components.json.gz").read_bytes())
    )
    for room in ("RUNNERS", "LOOPS", "STRATEGIES", "MODEL_WRAPPERS", "LOG_PROCESSORS"):
        for library in ("mmengine", "mmpretrain"):
            names = facts.get(f"{library}.{room}", ())
            assert not [name for name in names if registry.ALL[room].get(name) is None]
