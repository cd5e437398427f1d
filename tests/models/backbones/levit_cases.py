"""What the tests of LeViT share."""

from __future__ import annotations

TINYVIT = {"channels": [8, 12], "num_heads": [1, 2], "depths": [1, 2]}
