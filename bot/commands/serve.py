"""`wenfa serve`: the whole assistant in the foreground."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiohttp import web

from bot.app import create_app
from bot.config import SettingError
from bot.typedefs import SERVICES
from tickets.officers import ensure_first_invitation

if TYPE_CHECKING:
    import argparse

    from bot.config import Settings

SHUTDOWN_SECONDS = 5.0
# What the operating system calls the troubles that an operator can mend.
_TROUBLES = {
    errno.ENOSPC: "the disk is full",
    errno.EROFS: "the disk can't be written",
    errno.EACCES: "permission denied",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments: everything is a setting."""
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM. Trouble at the start is one line and exit status 1; 2 if a setting is
    bad.
    """
    settings: Settings = args.settings
    try:
        listener = _listen(settings)
    except OSError as error:
        return _complain(_listening_trouble(settings, error))
    try:
        asyncio.run(_serve(replace(settings, port=listener.getsockname()[1]), listener))
    except SettingError as error:
        return _complain(str(error), status=2)
    except OSError as error:
        reason = _TROUBLES.get(error.errno or 0, error.strerror or str(error))
        return _complain(f"{reason}: {error.filename or settings.data_folder}")
    except Exception as error:  # the operator needs one line that says what, not how
        return _complain(_one_line(error))
    finally:
        listener.close()
    return 0


def _listening_trouble(settings: Settings, error: OSError) -> str:
    """Which setting to change: the port is taken or forbidden, or the address is none of this machine's."""
    if error.errno in {errno.EADDRINUSE, errno.EACCES}:
        what, setting = f"port {settings.port} on {settings.host}", "WENFA_PORT"
    else:
        what, setting = f"address {settings.host}", "WENFA_HOST"
    return f"{what} can't be used ({error.strerror}); set {setting}"


def _one_line(error: Exception) -> str:
    if "disk is full" in str(error):
        return _TROUBLES[errno.ENOSPC]
    return f"could not start: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def _complain(line: str, status: int = 1) -> int:
    sys.stderr.write(f"wenfa: {line}\n")
    return status


def _listen(settings: Settings) -> socket.socket:
    """Take the port before anything slow starts, so that a port in use is reported at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
    except OSError:
        listener.close()
        raise
    return listener


async def _serve(settings: Settings, listener: socket.socket) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    app = create_app(settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    try:
        await runner.setup()
        await web.SockSite(runner, listener, backlog=1024).start()
        await _greet(app, settings)
        await _until(stop, app)
        sys.stdout.write("\n正在停止 …\n")
    finally:
        await runner.cleanup()


async def _until(stop: asyncio.Event, app: web.Application) -> None:
    """Wait for the signal to stop, or for the news that the rules can't be read, which is raised."""
    stopping, reading = asyncio.create_task(stop.wait()), asyncio.create_task(app[SERVICES].ready())
    await asyncio.wait({stopping, reading}, return_when=asyncio.FIRST_COMPLETED)
    if reading.done():
        await reading
    await stopping


async def _greet(app: web.Application, settings: Settings) -> None:
    """Print where everything is, and the link with which the first administrator signs up."""
    lines = [
        "",
        "问法已启动（按 Ctrl-C 停止）",
        f"  市民对话    {settings.base_url}/",
        f"  工作台      {settings.base_url}/desk",
        f"  运行状况    {settings.base_url}/healthz",
    ]
    if settings.telegram_token:
        lines.append("  Telegram    已连接")
    if settings.wechat_app_id:
        lines.append(f"  微信        {settings.base_url}/wechat")
    token = await ensure_first_invitation(app[SERVICES].database, datetime.now(UTC))
    if token:
        lines += [
            "  第一位管理员请在24小时内打开（只能用一次）：",
            f"              {settings.base_url}/desk/welcome/{token}",
        ]
    if settings.nlu_enabled:
        lines.append("  语言理解正在启动，约需半分钟；在此之前按钮和分步填写可用。")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
