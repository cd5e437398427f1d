"""The old name of ``mmpretrain train``; takes the same flags as ever."""

import sys

from mmpretrain.cli.main import entry_point

if __name__ == "__main__":
    entry_point(["train", *sys.argv[1:]])
