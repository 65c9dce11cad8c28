"""Train the NLU model if its data has changed; runs in `.venv-rasa`.

    .venv-rasa/bin/python nlu_data/train.py [--data-folder DIR] [--output DIR] [--find]

The model's name holds the hash of everything it is made of, so a model that exists is up to date. The last
line on standard output is the path of the model.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import logging
import os
import sys
import time
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# One thread, so that sums are made in one order and the same data gives the same model.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
    "RASA_TELEMETRY_ENABLED": "false",
    "RASA_MAX_CACHE_SIZE": "0",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONHASHSEED": "0",
}
_VERSION = "rasa 3.6.21"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def source_files(data_folder: Path) -> list[Path]:
    """Everything that the model depends on."""
    project = ROOT / "nlu_data"
    code = [project / "config.yml", *(project / "components").glob("*.py"), *(project / "lookup").iterdir()]
    return sorted(path for path in [*code, *data_folder.rglob("*.yml")] if path.is_file())


def data_hash(data_folder: Path) -> str:
    """Twelve hexadecimal digits over the names and contents of the source files."""
    digest = hashlib.sha256(_VERSION.encode())
    for path in source_files(data_folder):
        content = path.read_bytes()
        digest.update(f"{path.name}:{len(content)}:".encode() + content)
    return digest.hexdigest()[:12]


def train(data_folder: Path, output: Path, model: Path) -> None:
    """Train, and put the model in its place in one step, so that nobody ever sees half a file."""
    os.environ.update(_ENVIRONMENT)
    cache = output / ".cache"
    os.environ["RASA_CACHE_DIRECTORY"] = str(cache)
    sys.path.insert(0, str(ROOT))
    _say("Loading Rasa ...")
    # Rasa 3.6 and its pins warn a dozen times about each other; nothing can be done about it here.
    warnings.showwarning = lambda *_, **__: None
    from rasa.model_training import train_nlu

    logging.getLogger("rasa").setLevel(logging.WARNING)
    _say("Training ...")
    unfinished = output / f"unfinished-{os.getpid()}"
    with contextlib.redirect_stdout(sys.stderr):
        path = train_nlu(
            str(ROOT / "nlu_data" / "config.yml"),
            str(data_folder),
            str(unfinished),
            fixed_model_name=model.name.removesuffix(".tar.gz"),
            # Whether something changed was asked before; Rasa would hash each example to find out again.
            additional_arguments={"force_full_training": True},
        )
    if not path:
        raise SystemExit("Training failed: no usable data")
    Path(path).replace(model)
    for leftover in unfinished.iterdir():
        leftover.unlink()
    unfinished.rmdir()


def train_once(data_folder: Path, output: Path, model: Path) -> None:
    """Train, unless another process is doing just that; then wait for it and use its model."""
    output.mkdir(parents=True, exist_ok=True)
    with (output / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if model.is_file():
            return
        started = time.monotonic()
        train(data_folder, output, model)
        _say(f"Trained in {time.monotonic() - started:.0f} s: {model.stat().st_size / 1e6:.1f} MB")


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Train the NLU model if its data has changed")
    parser.add_argument(
        "--data-folder", type=Path, default=ROOT / "nlu_data" / "nlu", help="training examples"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "var" / "models", help="where models are kept")
    parser.add_argument(
        "--find", action="store_true", help="print the model's path if it exists, and train nothing"
    )
    options = parser.parse_args(arguments)
    model = options.output.resolve() / f"nlu-{data_hash(options.data_folder)}.tar.gz"
    if options.find:
        if not model.is_file():
            return 1
    elif model.is_file():
        _say("The NLU model is up to date.")
    else:
        train_once(options.data_folder.resolve(), options.output.resolve(), model)
    sys.stdout.write(f"{model}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
