"""The old name of ``mmpretrain kfold-cross-valid``; takes the same flags as ever."""

import sys

from mmpretrain.cli.main import entry_point

if __name__ == "__main__":
    entry_point(["kfold-cross-valid", *sys.argv[1:]])
