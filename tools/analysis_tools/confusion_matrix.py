"""The old name of ``mmpretrain confusion-matrix``; takes the same flags as ever."""

import sys

from mmpretrain.cli.main import entry_point

if __name__ == "__main__":
    entry_point(["confusion-matrix", *sys.argv[1:]])
