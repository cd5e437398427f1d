"""The old name of ``mmpretrain shape-bias``; takes the same flags as ever."""

import sys

from mmpretrain.cli.main import entry_point

if __name__ == "__main__":
    entry_point(["shape-bias", *sys.argv[1:]])
