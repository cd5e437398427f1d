"""What the tests of convolutional networks share."""

from __future__ import annotations

SMALL = {"stem_channels": 8, "base_channels": 4}
