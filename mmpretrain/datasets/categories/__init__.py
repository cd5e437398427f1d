"""Class names of the data sets."""
