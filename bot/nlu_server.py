"""The Rasa NLU server as a child process: train, start, wait until it is ready, stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp

from bot.config import ROOT

_POLL_SECONDS = 0.25
_STOP_SECONDS = 10.0


class NluServerError(Exception):
    """The NLU server can't be trained or started; the message says why in one line."""


def interpreter(root: Path = ROOT) -> Path:
    """Python of `.venv-rasa`.

    Raises: NluServerError if it is not there.
    """
    python = root / ".venv-rasa" / "bin" / "python"
    if not python.is_file():
        raise NluServerError(f"{python} is missing: run `make setup`")
    return python


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def child_environment() -> dict[str, str]:
    """No telemetry, no GPU search, one thread; nothing of ours but the way to the interpreter's own needs."""
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ
    }
    return kept | {
        "RASA_TELEMETRY_ENABLED": "false",
        "RASA_MAX_CACHE_SIZE": "0",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "SANIC_WORKERS": "1",
    }


async def ensure_model(
    output: Path,
    *,
    root: Path = ROOT,
    data_folder: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> Path:
    """The model of the present training data, trained first if there is none.

    Args:
        output: folder of models.
        say: is given each line of progress; standard error if None.

    Raises: NluServerError with the last line that the training printed.
    """
    arguments = [str(root / "nlu_data" / "train.py"), "--output", str(output)]
    if data_folder:
        arguments += ["--data-folder", str(data_folder)]
    process = await asyncio.create_subprocess_exec(
        str(interpreter(root)),
        *arguments,
        cwd=root,
        env=child_environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    last = ""
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        assert process.stderr is not None  # noqa: S101
        async for line in process.stderr:
            last = line.decode(errors="replace").rstrip() or last
            (say or _print_error)(last)
        printed = (await process.stdout.read()).decode().split()
        if await process.wait() or not printed:
            raise NluServerError(f"the NLU model could not be trained: {last}")
    finally:
        await _end(process)
    return Path(printed[-1])


def _print_error(line: str) -> None:
    sys.stderr.write(f"{line}\n")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


class NluServer:
    """One Rasa server on loopback with one named model.

    Args:
        model: the model file; Rasa takes the newest it finds when a name is wrong, so it is checked after
        the start.
        log_path: file that the server's output is appended to; None drops it.
    """

    def __init__(self, model: Path, port: int, *, root: Path = ROOT, log_path: Path | None = None) -> None:
        self._model = model
        self._port = port
        self._root = root
        self._log_path = log_path
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Address without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def process(self) -> asyncio.subprocess.Process | None:
        """The child, for a supervisor that waits for its end."""
        return self._process

    @property
    def is_running(self) -> bool:
        """Whether the child lives; it may not be ready yet."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the child and return at once.

        Raises: NluServerError if the interpreter or the model is missing.
        """
        if not self._model.is_file():
            raise NluServerError(f"NLU model {self._model} is missing")
        log = self._log_path.open("ab") if self._log_path else None
        try:
            self._process = await asyncio.create_subprocess_exec(
                str(interpreter(self._root)),
                str(self._root / "nlu_data" / "serve.py"),
                "--model",
                str(self._model),
                "--port",
                str(self._port),
                cwd=self._root,
                env=child_environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log or asyncio.subprocess.DEVNULL,
                stderr=log or asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        finally:
            if log:
                log.close()

    async def wait_ready(self, timeout: float = 120.0) -> None:
        """Wait until the server answers with the very model that was named.

        Raises: NluServerError if the child ends, answers with another model, or `timeout` seconds pass.
        """
        deadline = time.monotonic() + timeout
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while time.monotonic() < deadline:
                if not self.is_running:
                    code = self._process.returncode if self._process else "not started"
                    raise NluServerError(f"the NLU server ended before it was ready (exit status {code})")
                if await self._is_ready(session):
                    return
                await asyncio.sleep(_POLL_SECONDS)
        raise NluServerError(f"the NLU server was not ready after {timeout:.0f} s")

    async def _is_ready(self, session: aiohttp.ClientSession) -> bool:
        loaded = await loaded_model(self.url, session)
        if loaded is None:
            return False
        if loaded != self._model.name:
            raise NluServerError(
                f"the NLU server on port {self._port} has loaded {loaded}, not {self._model.name}"
            )
        return True

    async def stop(self) -> None:
        """End the child; kill it if it doesn't end in 10 seconds."""
        if self._process is not None:
            await _end(self._process)


async def loaded_model(url: str, session: aiohttp.ClientSession) -> str | None:
    """File name of the model that a running server has loaded; None if there is no server or no model yet."""
    try:
        async with session.get(f"{url}/status") as response:
            if response.status != 200:
                return None
            status = await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError):
        return None
    model_file = status.get("model_file")
    return Path(model_file).name if model_file else None


@contextlib.asynccontextmanager
async def running_server(
    output: Path,
    port: int,
    *,
    root: Path = ROOT,
    model: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> AsyncIterator[str]:
    """The address of an NLU server: the one on `port`, else one of our own that is stopped at the end.

    Args:
        port: 0 never looks for a running one.
        model: serve this one, whatever is running.
    """
    if port and not model:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            if await loaded_model(f"http://127.0.0.1:{port}", session):
                yield f"http://127.0.0.1:{port}"
                return
    server = NluServer(model or await ensure_model(output, root=root, say=say), free_port(), root=root)
    await server.start()
    try:
        await server.wait_ready()
        yield server.url
    finally:
        await server.stop()
