"""Put the zoo's configs and the old command names into the wheel, where ``mim`` looked for them."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ResourcesHook(BuildHookInterface):
    """Adds ``configs/``, ``demo/``, ``tools/`` and the index as ``mmpretrain/.mim/``.

    An editable install finds them in the checkout; a copy would only grow old there.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Extend the list of files, except for an editable install."""
        if version == "editable":
            return
        for name in ("configs", "demo", "tools", "model-index.yml"):
            build_data["force_include"][f"{self.root}/{name}"] = f"mmpretrain/.mim/{name}"
