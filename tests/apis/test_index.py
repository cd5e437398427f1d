"""The index of the zoo against the facts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from mmpretrain.apis.index import list_models
from mmpretrain.checkpoints.zoo import find_model, zoo
from mmpretrain.errors import ConfigError

with gzip.open(Path(__file__).parents[1] / "facts" / "model_index.json.gz") as file:
    FACTS = {entry["name"]: entry for entry in json.load(file)}


#: Models that the original does not have.
ADDED = {f"efficientnet-lite{n}_3rdparty_in1k" for n in range(3)}


def test_every_entry_is_there():
    assert set(zoo()) == set(FACTS) | ADDED


def test_entries_say_what_the_facts_say():
    for name, fact in FACTS.items():
        info = zoo()[name]
        results = [
            {"task": item["Task"], "dataset": item["Dataset"], "metrics": item["Metrics"]}
            for item in info.results
        ]
        assert info.config.as_posix().endswith(f"configs/{fact['config']}")
        assert (info.collection, info.weights, info.flops, info.params) == (
            fact["collection"], fact["weights"], fact["flops"], fact["params"],
        )  # fmt: skip
        assert results == [{**result, "metrics": result["metrics"] or {}} for result in fact["results"]]
        assert info.downstream == (fact["downstream"] or [])


@pytest.mark.parametrize(
    ("arguments", "count"),
    [  # counts of the reference environment
        ({"exclude_patterns": ["efficientnet-lite*"]}, 548),
        ({"pattern": "resnet"}, 37),
        ({"pattern": "*resnet*"}, 57),
        ({"pattern": "SWIN"}, 30),
        ({"pattern": "swin", "task": "Image Classification"}, 26),
        ({"task": "null"}, 77),
        ({"pattern": "*clip*", "exclude_patterns": ["*vit*"]}, 1),
        ({"pattern": "resnet50*", "task": "Image Retrieval"}, 1),
    ],
)
def test_list_models(arguments, count):
    assert len(list_models(**arguments)) == count


def test_unknown_name_suggests():
    with pytest.raises(ConfigError, match="Did you mean 'resnet50_8xb32_in1k'"):
        find_model("resnet50_8xb32_in1")


def test_case_of_names_does_not_matter():
    assert find_model("RepLKNet-31b_3rdparty_in1k") is zoo()["replknet-31B_3rdparty_in1k"]
