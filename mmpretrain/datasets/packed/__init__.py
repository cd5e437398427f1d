"""Packed data sets: images in a few large files, beside an index that says how to decode parts of them.

A split is a folder with ``shard-00000.bin``, ``shard-00001.bin``, ... and ``index.pack``; docs/packing.md.
"""
