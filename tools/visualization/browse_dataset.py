"""The old name of ``mmpretrain browse-dataset``; takes the same flags as ever."""

import sys

from mmpretrain.cli.main import entry_point

if __name__ == "__main__":
    entry_point(["browse-dataset", *sys.argv[1:]])
