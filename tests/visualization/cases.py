"""What the tests of pictures share."""

from __future__ import annotations


class Recorder:
    """A backend that remembers what it was sent."""

    def __init__(self):
        self.sent = []

    def __getattr__(self, name):
        return lambda *args, **kwargs: self.sent.append((name, args))
