"""A headless browser for the tests of pages."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


def browse(page: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Open a page; nothing may appear in its console."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--hide-scrollbars",
        f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", *options, page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    assert "CONSOLE" not in done.stderr, done.stderr
    return done


def seen_after(page: Path, folder: Path, script: str) -> dict[str, Any]:
    """Run a script in a page; return the object ``seen`` that it makes."""
    added = (
        f"<script>{script}\ndocument.body.insertAdjacentHTML('beforeend', \"<pre id='seen'></pre>\");\n"
        "document.getElementById('seen').textContent = JSON.stringify(seen);</script></body>"
    )
    clicked = folder / "clicked.html"
    clicked.write_text(page.read_text(encoding="utf-8").replace("</body>", added), encoding="utf-8")
    done = browse(clicked, folder, "--dump-dom")
    return json.loads(re.findall(r'<pre id="seen">(.*?)</pre>', done.stdout)[0])


def colours_of_screenshot(page: Path, folder: Path, size: str = "1000,1600") -> int:
    """Return how many colours a screenshot of a page has."""
    picture = folder / "page.png"
    browse(page, folder, f"--window-size={size}", f"--screenshot={picture}")
    pixels = np.asarray(Image.open(picture).convert("RGB"))
    return len(np.unique(pixels.reshape(-1, 3), axis=0))
