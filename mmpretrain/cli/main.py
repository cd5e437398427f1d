"""The ``mmpretrain`` command."""
