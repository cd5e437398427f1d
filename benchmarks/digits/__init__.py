"""Small self-supervised runs: pictures of a few hundred bytes, models of all methods, stand-in teachers."""
