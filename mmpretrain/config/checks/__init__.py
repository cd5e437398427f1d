"""What can be known to be wrong with a config before anything is built; each check yields problems."""
