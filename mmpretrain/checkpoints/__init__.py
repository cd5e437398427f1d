"""Checkpoints: reading and writing files, finding weights, translating layouts, fitting them into a model."""
