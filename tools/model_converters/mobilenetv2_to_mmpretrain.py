"""The old name of ``mmpretrain convert``; takes the same flags as ever."""

import sys

from mmpretrain.cli.main import entry_point

if __name__ == "__main__":
    entry_point(["convert", *sys.argv[1:]])
