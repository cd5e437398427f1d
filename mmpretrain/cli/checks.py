"""What is looked at before a run starts, so that mistakes cost seconds and not an epoch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmpretrain.config import Config


def check_before_start(cfg: Config, splits: Sequence[str]) -> None:
    """Check the config, then the data; the first process does it for all of them.

    Raises:
        ConfigError: With everything that is wrong in the config.
        DataError: With everything that is wrong in the data.
    """
    from mmpretrain.config.validate import require_valid
    from mmpretrain.datasets.preflight import enforce, preflight

    if int(os.environ.get("RANK", "0")) == 0:
        require_valid(cfg, splits=splits)
        enforce(preflight(cfg, splits=splits))
