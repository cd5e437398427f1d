"""Keeping the pixels that the deterministic beginning of a pipeline gives: ``cache='ram'`` or ``'disk'``."""
