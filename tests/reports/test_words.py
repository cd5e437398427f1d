"""The words of the pages."""

from __future__ import annotations

import re
from pathlib import Path

import mmpretrain.reports
from mmpretrain.audit.findings import KINDS
from mmpretrain.reports.words import WORDS, both

ROOT = Path(mmpretrain.reports.__file__).parent


def test_both_languages():
    assert both("truth") == '<span lang="en">Truth</span><span lang="zh">真实类别</span>'
    assert all(english and chinese for english, chinese in WORDS.values())


def test_every_word_is_used_and_known():
    texts = "".join(
        path.read_text()
        for path in ROOT.rglob("*")
        if path.suffix in {".py", ".j2"} and path.name != "words.py"
    )
    kinds = {f"audit_{kind}" for kind in KINDS}  # put together in a template
    assert kinds <= set(WORDS)
    assert [key for key in WORDS if f'"{key}"' not in texts and key not in kinds] == []
    used = set(re.findall(r'\bt\("(\w+)"\)', texts))
    assert used <= set(WORDS)
