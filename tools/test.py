"""The old name of ``mmpretrain test``; takes the same flags as ever."""

import os
import sys

from mmpretrain.cli.main import entry_point

if __name__ == "__main__":
    os.environ.setdefault("MMPRETRAIN_CONSOLE", "lines")  # which scripts read, as in 1.x
    entry_point(["test", *sys.argv[1:]])
