"""Starting and stopping the NLU server."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.nlu_server import NluServer, NluServerError, ensure_model, free_port, loaded_model, running_server


def make_root(folder: Path, *, train: str = "", serve: str = "") -> Path:
    """A project whose scripts are the test's own, run by this Python."""
    binary = folder / ".venv-rasa" / "bin"
    binary.mkdir(parents=True)
    (binary / "python").symlink_to(sys.executable)
    (folder / "nlu_data").mkdir()
    (folder / "nlu_data" / "train.py").write_text(train, encoding="utf-8")
    (folder / "nlu_data" / "serve.py").write_text(serve, encoding="utf-8")
    (folder / "nlu-1.tar.gz").write_bytes(b"model")
    return folder


SERVE = """
import argparse, http.server, json
parser = argparse.ArgumentParser()
parser.add_argument("--model")
parser.add_argument("--port", type=int)
options = parser.parse_args()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"model_file": LOADED or options.model}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", options.port), Handler).serve_forever()
"""


async def test_missing_interpreter_is_said_in_one_line(tmp_path: Path):
    with pytest.raises(NluServerError, match="make setup"):
        await ensure_model(tmp_path, root=tmp_path)


async def test_training_returns_the_last_line_and_tells_its_progress(tmp_path: Path):
    root = make_root(
        tmp_path,
        train="import sys; print('Training ...', file=sys.stderr); print('x'); print('/models/nlu-1.tar.gz')",
    )
    said: list[str] = []

    model = await ensure_model(tmp_path / "models", root=root, say=said.append)

    assert model == Path("/models/nlu-1.tar.gz")
    assert said == ["Training ..."]


async def test_failed_training_says_why(tmp_path: Path):
    root = make_root(tmp_path, train="import sys; sys.exit('No space left on device')")

    with pytest.raises(NluServerError, match="No space left on device"):
        await ensure_model(tmp_path / "models", root=root, say=lambda _: None)


async def test_server_starts_becomes_ready_and_stops(tmp_path: Path):
    root = make_root(tmp_path, serve=SERVE.replace("LOADED", "None"))
    server = NluServer(tmp_path / "nlu-1.tar.gz", free_port(), root=root, log_path=tmp_path / "nlu.log")

    await server.start()
    await server.wait_ready(20)

    assert server.is_running
    await server.stop()
    assert not server.is_running
    await server.stop()


async def test_server_with_another_model_is_refused(tmp_path: Path):
    root = make_root(tmp_path, serve=SERVE.replace("LOADED", "'/models/nlu-old.tar.gz'"))
    server = NluServer(tmp_path / "nlu-1.tar.gz", free_port(), root=root)

    await server.start()
    try:
        with pytest.raises(NluServerError, match="nlu-old"):
            await server.wait_ready(20)
    finally:
        await server.stop()


async def test_server_that_ends_at_once_is_noticed(tmp_path: Path):
    server = NluServer(
        tmp_path / "nlu-1.tar.gz", free_port(), root=make_root(tmp_path, serve="raise SystemExit(3)")
    )

    await server.start()

    with pytest.raises(NluServerError, match="exit status 3"):
        await server.wait_ready(20)


async def test_server_that_never_answers_is_given_up(tmp_path: Path):
    server = NluServer(
        tmp_path / "nlu-1.tar.gz", free_port(), root=make_root(tmp_path, serve="import time; time.sleep(60)")
    )

    await server.start()
    try:
        with pytest.raises(NluServerError, match="not ready"):
            await server.wait_ready(0.5)
    finally:
        await server.stop()


async def test_missing_model_is_refused(tmp_path: Path):
    with pytest.raises(NluServerError, match="missing"):
        await NluServer(tmp_path / "none.tar.gz", free_port(), root=make_root(tmp_path)).start()


async def test_child_gets_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WENFA_TELEGRAM_TOKEN", "secret")
    root = make_root(
        tmp_path, train="import os; print('x'); print(len([n for n in os.environ if n.startswith('WENFA')]))"
    )

    assert await ensure_model(tmp_path / "models", root=root) == Path("0")
    assert os.environ["WENFA_TELEGRAM_TOKEN"] == "secret"


async def test_running_server_is_used_and_left_running(tmp_path: Path):
    async def status(_: web.Request) -> web.Response:
        return web.json_response({"model_file": "/models/nlu-1.tar.gz"})

    app = web.Application()
    app.router.add_get("/status", status)
    other = TestServer(app, host="127.0.0.1")
    await other.start_server()
    assert other.port is not None

    async with running_server(tmp_path, other.port, root=tmp_path) as url:
        assert url == f"http://127.0.0.1:{other.port}"
    async with aiohttp.ClientSession() as session:
        assert await loaded_model(f"http://127.0.0.1:{other.port}", session) == "nlu-1.tar.gz"
    await other.close()


async def test_own_server_is_started_where_none_runs(tmp_path: Path):
    root = make_root(
        tmp_path, train=f"print({str(tmp_path / 'nlu-1.tar.gz')!r})", serve=SERVE.replace("LOADED", "None")
    )

    async with aiohttp.ClientSession() as session:
        async with running_server(tmp_path / "models", free_port(), root=root, say=lambda _: None) as url:
            assert await loaded_model(url, session) == "nlu-1.tar.gz"
        assert await loaded_model(url, session) is None
