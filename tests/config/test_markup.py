"""Tests of :mod:`mmpretrain.config.markup`."""

from __future__ import annotations

from mmpretrain.config import Config
from tests.config.language_cases import BASE


def test_yaml_and_json_inherit_too(write):
    write("base.py", BASE)
    write(
        "child.yaml",
        "_base_: base.py\nmodel:\n  depth: 34\ncopy: {{_base_.model.norm}}\nt: a_{{_base_.name}}\n",
    )
    cfg = Config.fromfile(
        write(
            "top.json",
            """
            {
              "_base_": ["./child.yaml"],
              "model": {"norm": {"eps": 1}},
              "scale2": {{ _base_.scale }},
              "label": "x {{ _base_.name }}",
              "{{_base_.name}}": [true, null, "{{_base_.model.depth}}"]
            }
            """,
        )
    )
    assert cfg.model.depth == 34
    assert cfg.model.norm == dict(type="BN", eps=1)
    assert cfg["copy"] == dict(type="BN", eps=1e-5)
    assert cfg.t == "a_base"
    assert (cfg.scale2, cfg.label, cfg.base) == (224, "x base", [True, None, 34])
    assert cfg.source("model.depth").place == "child.yaml:3"
    assert cfg.source("model.norm.eps").place == "top.json:3"
