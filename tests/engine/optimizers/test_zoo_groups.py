"""Learning rate and weight decay of every parameter of zoo models, against the reference environment.

``data/zoo_groups.json`` holds, for configs with layer-wise rates and some others, the digest of the sorted
list of ``[name, lr, weight_decay]`` (as ``%.9g``) that mmpretrain 1.2 gives its optimizer.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest
import torch

from mmpretrain.engine.optimizers import build_optim_wrapper
from mmpretrain.registry import MODELS

REFERENCE = json.loads((Path(__file__).parent / "data" / "zoo_groups.json").read_text())
FACTS = Path(__file__).parents[2] / "facts"
CONFIGS = json.loads(
    gzip.decompress((FACTS / "resolved_configs.json.gz").read_bytes()),
    object_hook=lambda node: tuple(node["__tuple__"]) if "__tuple__" in node else node,
)


@pytest.mark.parametrize("path", REFERENCE)
def test_groups(path):
    model_cfg = {k: v for k, v in CONFIGS[path]["model"].items() if k in ("type", "backbone", "neck", "head")}
    with torch.device("meta"):
        model = MODELS.build(model_cfg)
    cfg = {
        k: v for k, v in CONFIGS[path]["optim_wrapper"].items() if k not in ("type", "loss_scale", "dtype")
    }
    groups = build_optim_wrapper(model, cfg).optimizer.param_groups
    names = {id(param): name for name, param in model.named_parameters()}
    rows = [
        [names[id(g["params"][0])], *(f"{round(g[key], 12):.9g}" for key in ("lr", "weight_decay"))]
        for g in groups
    ]
    assert len(rows) == REFERENCE[path]["groups"]
    assert hashlib.sha256(json.dumps(sorted(rows)).encode()).hexdigest() == REFERENCE[path]["sha256"]
