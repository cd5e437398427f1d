"""Checks of a config before anything is built; each check yields problems."""
