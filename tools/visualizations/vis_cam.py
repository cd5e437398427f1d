"""The old name of ``mmpretrain vis-cam``; takes the same flags as ever."""

import sys

from mmpretrain.cli.main import entry_point

if __name__ == "__main__":
    entry_point(["vis-cam", *sys.argv[1:]])
