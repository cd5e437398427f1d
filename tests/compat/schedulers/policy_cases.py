"""What the tests of policies of MMCV share."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from mmpretrain.config import Config

DATA = json.loads(gzip.decompress((Path(__file__).parent / "data" / "mmcv_curves.json.gz").read_bytes()))

EPOCHS, LENGTH = DATA["epochs"], DATA["epoch_length"]


def translated(case: dict) -> Config:
    runner = dict(type="EpochBasedRunner", max_epochs=EPOCHS)
    if case.get("runner") == "iter":
        runner = dict(type="IterBasedRunner", max_iters=EPOCHS * LENGTH)
    old = {f"{kind}_config": case[kind] for kind in ("lr", "momentum") if kind in case}
    return Config.fromstring(json.dumps(dict(runner=runner, **old)), ".json").modern()
