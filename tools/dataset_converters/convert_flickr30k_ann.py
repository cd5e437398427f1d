"""The old name of ``mmpretrain convert-dataset flickr30k``; takes the same flags as ever."""

import sys

from mmpretrain.cli.main import entry_point

if __name__ == "__main__":
    entry_point(["convert-dataset", "flickr30k", *sys.argv[1:]])
