"""`make bench`: every benchmark in turn. Each prints ratios against peers measured in the same run."""

from __future__ import annotations

import importlib
import sys

BENCHMARKS = ("turn", "nlu", "knowledge", "web", "desk", "casework")


def main() -> int:
    """Run those named on the command line, or all."""
    for name in sys.argv[1:] or BENCHMARKS:
        importlib.import_module(f"bench.{name}").main()
        sys.stdout.write("\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
