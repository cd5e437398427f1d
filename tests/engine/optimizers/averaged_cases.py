"""What the tests of averages share."""

from __future__ import annotations

import json
from pathlib import Path

REFERENCE = json.loads((Path(__file__).parent / "data" / "averages.json").read_text())
