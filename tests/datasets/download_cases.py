"""What the tests of downloads share."""

from __future__ import annotations

import os

DATA = os.urandom(100_000)
