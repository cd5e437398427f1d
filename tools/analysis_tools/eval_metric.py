"""The old name of ``mmpretrain eval-metric``; takes the same flags as ever."""

import sys

from mmpretrain.cli.main import entry_point

if __name__ == "__main__":
    entry_point(["eval-metric", *sys.argv[1:]])
