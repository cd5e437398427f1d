"""The recorded facts about the models of the 1.x zoo, and how to build those models."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

from torch import nn

from mmpretrain.registry import MODELS

FACTS = Path(__file__).parent.parent / "facts"


@cache
def load(name: str) -> Any:
    """Read a file of facts; its tuples come back as tuples."""
    with gzip.open(FACTS / f"{name}.json.gz", "rt", encoding="utf-8") as file:
        return json.load(file, object_hook=lambda d: tuple(d["__tuple__"]) if "__tuple__" in d else d)


def model_config(name: str) -> dict[str, Any]:
    """The ``model`` of a zoo config, without what needs a checkpoint or augments batches."""
    model = {
        k: v
        for k, v in load("resolved_configs")[name]["model"].items()
        if k not in ("train_cfg", "pretrained")
    }
    return {**model, "data_preprocessor": {"type": "BaseDataPreprocessor"}} if "backbone" in model else model


def is_buildable(cfg: Any) -> bool:
    """Whether every ``type`` in a model config is registered."""
    if isinstance(cfg, dict):
        kind = cfg.get("type")
        known = MODELS.declares(kind) if isinstance(kind, str) and "." not in kind else True
        return (known or _is_no_model(cfg)) and all(is_buildable(v) for v in cfg.values())
    return all(map(is_buildable, cfg)) if isinstance(cfg, (list, tuple)) else True


def _is_no_model(cfg: dict[str, Any]) -> bool:
    from mmpretrain.registry import BATCH_AUGMENTS, WEIGHT_INITIALIZERS

    return cfg["type"] in (*WEIGHT_INITIALIZERS.names(), *BATCH_AUGMENTS.names(), "Pretrained")


def build(name: str) -> nn.Module:
    """Build the model of a zoo config."""
    return MODELS.build(_without_empty_checkpoints(model_config(name)))


def _without_empty_checkpoints(cfg: Any) -> Any:
    """Drop weights that a user has to name: LoRA looks for them when it is built."""
    if isinstance(cfg, dict):
        return {
            k: _without_empty_checkpoints(v)
            for k, v in cfg.items()
            if not (k == "init_cfg" and isinstance(v, dict) and v.get("checkpoint") == "")
        }
    return type(cfg)(map(_without_empty_checkpoints, cfg)) if isinstance(cfg, (list, tuple)) else cfg


def buildable(names: list[str]) -> list[str]:
    """Those of the zoo configs whose models can be built."""
    return [name for name in names if is_buildable(model_config(name))]
