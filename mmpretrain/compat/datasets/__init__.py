"""How data sets were built in the past."""
