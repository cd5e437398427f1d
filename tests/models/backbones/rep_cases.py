"""What the tests of networks that are folded share."""

from __future__ import annotations

REPMLP = {"channels": [8, 16], "depths": [1, 1], "sharesets_nums": [2, 4]}
