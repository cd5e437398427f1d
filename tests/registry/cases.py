"""What the tests of registries share."""

from __future__ import annotations


class Node(dict):
    """A config node that knows where it was written."""

    def source(self, key):
        return f"configs/my.py:{sorted(self).index(key) + 1 if key in self else 0} (model.{key})"
