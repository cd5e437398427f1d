"""Write the table of docs/zoo.md again: which models of the zoo can be built.

python tools/zoo_table.py
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from mmpretrain import registry
from mmpretrain.checkpoints.zoo import zoo
from mmpretrain.config import Config

PAGE = Path(__file__).parents[1] / "docs" / "zoo.md"
TABLE = re.compile(r"(?<=<!-- table -->\n).*(?=<!-- end of the table -->)", re.DOTALL)


def types(cfg: Any) -> set[str]:
    """All ``type`` names in a config."""
    if isinstance(cfg, dict):
        own = {cfg["type"]} if isinstance(cfg.get("type"), str) else set()
        return own.union(*map(types, cfg.values()))
    return set().union(*map(types, cfg)) if isinstance(cfg, (list, tuple)) else set()


def missing(model: dict[str, Any]) -> set[str]:
    """The components of a model that are not registered. Names with dots are of other packages."""
    known = {
        name
        for item in vars(registry).values()
        if isinstance(item, registry.Registry)
        for name in item.names()
    }
    needed = types({key: value for key, value in model.items() if key != "init_cfg"})
    return {name for name in needed - known if "." not in name}


def rows() -> dict[str, tuple[str, int, int, str]]:
    """Family -> backbones, entries of the index, how many of these build, components that lack."""
    backbones: dict[str, set[str]] = defaultdict(set)
    lacks: dict[str, list[set[str]]] = defaultdict(list)
    for info in zoo().values():
        model = Config.fromfile(info.config, import_custom_modules=False).model
        family = info.config.parent.name
        if family == "benchmarks":
            family = info.config.parent.parent.name
        backbone = model.get("backbone", model.get("image_backbone", model)).get("type", model["type"])
        backbones[family].add(f"`{backbone}`")
        lacks[family].append(missing(model))
    return {
        family: (
            ", ".join(sorted(backbones[family])),
            len(lacks[family]),
            sum(not lack for lack in lacks[family]),
            ", ".join(f"`{name}`" for name in sorted(set().union(*lacks[family]))),
        )
        for family in sorted(lacks)
    }


def table() -> str:
    """The table and its summary, in Markdown."""
    found = rows()
    total = sum(entries for _, entries, _, _ in found.values())
    builds = sum(count for _, _, count, _ in found.values())
    lines = [
        f"{builds} of the {total} entries of the index build.",
        "",
        "| folder of `configs/` | backbones | entries | build | not implemented yet |",
        "| --- | --- | --- | --- | --- |",
        *(f"| {family} | {' | '.join(map(str, row))} |" for family, row in found.items()),
    ]
    return "\n".join(line.replace("|  |", "| |") for line in lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(TABLE.sub(lambda _: table(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
