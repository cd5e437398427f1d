"""The record of a fine-tuning in the docs is what the script writes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "record_finetune.py"


def test_record() -> None:
    spec = importlib.util.spec_from_file_location("record_finetune", TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    printed = (
        "look at images 3/9\rlook at images 9/9\nLeft out a.jpg: no image\n\x1b[1mFine-tuning\x1b[0m\n"
        "  classes   2\nEpoch 1/4  loss 2\n2026/11/26 - INFO - x\nEpoch 2/4  loss 1\nEpoch 3/4  loss 1\n"
        "Epoch 4/4  loss 0\n\nNext\n  mmpretrain predict\n"
    )
    assert tool.shortened(printed) == (
        "Left out a.jpg: no image\nFine-tuning\n  classes   2\nEpoch 1/4  loss 2\n...\nEpoch 4/4  loss 0\n\n"
        "Next\n  mmpretrain predict\n"
    )
    for page in tool.PAGES:
        recorded = tool.BLOCK.search((tool.DOCS / page).read_text(encoding="utf-8"))
        assert recorded is not None
        assert tool.shortened(recorded[0].partition("\n")[2]) in recorded[0]
        assert recorded[0].splitlines()[-1].startswith("  mmpretrain ")
    assert all((tool.DOCS / "images" / name).is_file() for name in tool.PICTURES)
