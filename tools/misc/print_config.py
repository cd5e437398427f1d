"""The old name of ``mmpretrain config show``; takes the same flags as ever."""

import sys

from mmpretrain.cli.main import entry_point

if __name__ == "__main__":
    entry_point(["config", "show", *sys.argv[1:]])
