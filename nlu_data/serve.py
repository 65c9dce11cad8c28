"""Serve one NLU model on loopback; runs in `.venv-rasa` as a child of the assistant.

.venv-rasa/bin/python nlu_data/serve.py --model var/models/nlu-....tar.gz --port 5055
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """Ask Linux to end this process when its parent dies, even by SIGKILL; elsewhere the supervisor's stop
    must do.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Serve one NLU model on 127.0.0.1")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args(arguments)
    _end_with_parent()
    # Rasa writes the text of messages to its log below WARNING.
    os.environ["LOG_LEVEL"] = "WARNING"
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    sys.path.insert(0, str(ROOT))
    warnings.showwarning = lambda *_, **__: None
    from rasa.__main__ import main as rasa

    sys.argv = ["rasa", "run", "--enable-api", "--interface", "127.0.0.1", "--port", str(options.port)]
    sys.argv += [
        "--model",
        str(options.model.resolve()),
        "--endpoints",
        str(ROOT / "nlu_data" / "endpoints.yml"),
    ]
    sys.argv += ["--credentials", str(ROOT / "nlu_data" / "endpoints.yml")]
    rasa()


if __name__ == "__main__":
    main()
