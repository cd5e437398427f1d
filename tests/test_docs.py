"""The Python examples on these pages run, from the top of the page to the bottom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mmpretrain.registry import HOOKS, METRICS, MODELS, OPTIM_WRAPPER_CONSTRUCTORS, PARAM_SCHEDULERS

DOCS = Path(__file__).parent.parent / "docs"

#: Page -> what its examples register.
PAGES = {
    "checkpoints.md": [],
    "heads_and_losses.md": [(MODELS, "BellLoss"), (MODELS, "CosineHead")],
    "hooks.md": [(HOOKS, "CountImagesHook")],
    "metrics.md": [(METRICS, "ClassesOff")],
    "optimizers.md": [(OPTIM_WRAPPER_CONSTRUCTORS, "SlowBackbone")],
    "zoo.md": [],
    "schedules.md": [(PARAM_SCHEDULERS, "HalveLR")],
}


@pytest.mark.parametrize("page", PAGES)
def test_examples_run(page):
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    try:
        exec(compile("\n".join(blocks), page, "exec"), {"__name__": "example"})
    finally:
        for registry, name in PAGES[page]:
            registry.module_dict.pop(name, None)
