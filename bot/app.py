"""The one place where parts are wired together."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog
from aiohttp import web

from bot import desk, open311
from bot.broadcast import keep_broadcasting
from bot.channels.telegram_door import receive_update, webhook_path
from bot.channels.typing import Typing
from bot.channels.web import WebChannel
from bot.channels.wechat import setup as wechat
from bot.config import SettingError
from bot.desk_cards import keep_refreshing
from bot.gathering import Patience
from bot.health import healthz
from bot.keys import open_vault
from bot.nlu_server import NluServer, ensure_model, free_port
from bot.notify import OutboxWorker
from bot.photo_store import open_photos
from bot.public_errors import error_pages
from bot.relay import Relay
from bot.security import setup_security
from bot.services import Services
from bot.supervisor import Supervisor
from bot.ticking import keep_ticking
from bot.typedefs import OUTBOX, RELAY, SERVICES, SETTINGS, SUPERVISOR, TELEGRAM, TYPING, WEB_CHANNEL, WECHAT
from bot.typing_board import TypingBoard
from bot.understanding import UnderstandingClient
from bot.webhooks import inbound
from bot.webhooks.worker import WebhookWorker
from knowledge_base.base import KnowledgeBase
from tickets import words
from tickets.database import Database, upgrade
from tickets.deadlines import WorkingCalendar
from tickets.powers import Powers
from tickets.resealing import lost_key
from tickets.retention import RetentionRules
from tickets.routing import Routing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from bot.channels.base import Channel
    from bot.config import Settings

log = structlog.get_logger()

MAX_REQUEST_BYTES = 12 * 1024 * 1024


async def open_services(settings: Settings) -> Services:
    """Open what every edge shares: the database brought to the newest schema, photos, city data, rules."""
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    url = settings.resolved_database_url
    await asyncio.to_thread(upgrade, url)
    rules: Future[KnowledgeBase] = Future()
    threading.Thread(target=_read_rules, args=(settings, rules), name="rules", daemon=True).start()
    city = settings.city_data
    vault = open_vault(settings)
    services = Services(
        database=Database(url),
        photos=open_photos(settings, vault),
        routing=Routing.load(city),
        calendar=WorkingCalendar.load(city),
        rules=rules,
        vault=vault,
        powers=Powers.load(city),
        retention=RetentionRules.load(city),
    )
    # Last, so that nothing is left open when the rest can't be read.
    async with services.database.reading() as session:
        if trouble := await lost_key(session, vault):
            # New reports can be sealed all the same; what was sealed before waits for its key.
            log.warning("sealed_data_has_no_key", trouble=trouble)
    return services


def _read_rules(settings: Settings, rules: Future[KnowledgeBase]) -> None:
    """Read the knowledge base, in a thread: it takes seconds, and messages can be stored without it."""
    folder = settings.data_folder
    cache = None if settings.vectors == "off" else folder / "knowledge"
    try:
        rules.set_result(KnowledgeBase.load(cache, imported=folder / "statutes"))
    except Exception as error:  # whoever waits for the rules gets it
        rules.set_exception(error)
    words.warm_up()


@contextlib.asynccontextmanager
async def running_task(work: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[asyncio.Task[None]]:
    """A background task that ends with the block."""
    task = asyncio.create_task(work())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def building_vectors(services: Services, with_articles: bool) -> AsyncIterator[None]:
    """Encode in a thread what the cache lacks; search works by words until then. What is done is kept at the
    end.
    """
    stop = threading.Event()
    last = 0

    def progress(what: str, done: int, total: int) -> None:
        nonlocal last
        tenth = 10 * done // max(total, 1)
        if tenth != last:
            last = tenth
            log.info("encoding", what=what, done=done, total=total)

    def build() -> None:
        try:
            services.knowledge.build_vectors(progress, stop, with_articles=with_articles)
        except Exception:  # search goes on by words
            log.exception("vectors_failed")

    task = asyncio.create_task(asyncio.to_thread(build))
    try:
        yield
    finally:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def create_app(settings: Settings) -> web.Application:
    """The web application with every part of the assistant; nothing starts before it is run."""
    app = web.Application(client_max_size=MAX_REQUEST_BYTES)
    app[SETTINGS] = settings
    setup_security(app, settings)
    app.middlewares.append(error_pages)
    web_channel = WebChannel()
    app[WEB_CHANNEL] = web_channel
    app[TYPING] = TypingBoard()
    web_channel.setup(app)
    desk.setup(app)
    open311.setup(app)
    inbound.setup(app)
    app.router.add_get("/healthz", healthz)
    if _telegram_webhook(settings):
        app.router.add_post(webhook_path(settings.telegram_token), receive_update)
    if settings.wechat_app_id:
        wechat.check_settings(settings)
        wechat.add_routes(app)
    app.cleanup_ctx.append(_assistant)
    return app


async def _assistant(app: web.Application) -> AsyncIterator[None]:
    """Everything that lives as long as the server does, in the order in which it depends on one another."""
    settings = app[SETTINGS]
    async with contextlib.AsyncExitStack() as stack:
        services = await open_services(settings)
        stack.push_async_callback(services.database.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        port = settings.nlu_port or free_port()
        nlu = UnderstandingClient(
            f"http://127.0.0.1:{port}", session=session, timeout_seconds=settings.nlu_timeout_seconds
        )
        channels: dict[str, Channel] = {"web": app[WEB_CHANNEL]}
        outbox = OutboxWorker(services.database, channels)
        relay = Relay(
            services,
            nlu,
            on_replies=outbox.wake,
            patience=Patience(quiet=settings.gather_seconds),
            on_turn=Typing(channels).show,
        )
        app[SERVICES], app[RELAY], app[OUTBOX] = services, relay, outbox
        if settings.telegram_token:
            # Imported here because it takes half a second, which the others need not wait for.
            from bot.channels.telegram import TelegramChannel

            telegram = TelegramChannel(
                settings.telegram_token,
                relay,
                services,
                api_url=settings.telegram_api_url,
                webhook_url=_telegram_webhook(settings),
                staff_chat=settings.telegram_staff_chat,
            )
            app[TELEGRAM] = channels["telegram"] = telegram
            await stack.enter_async_context(running_task(telegram.run))
            if telegram.staff:
                await stack.enter_async_context(running_task(telegram.staff.run))
        if settings.wechat_app_id:
            channels["wechat"], app[WECHAT] = await wechat.open_account(
                settings, services, relay, session, stack
            )
        if settings.redis_url:
            fanout = app[WEB_CHANNEL].fanout(settings.redis_url, app[TYPING])
            await stack.enter_async_context(running_task(fanout.run))
        await stack.enter_async_context(running_task(outbox.run))
        await stack.enter_async_context(running_task(lambda: keep_ticking(services, outbox.wake)))
        await stack.enter_async_context(
            running_task(lambda: keep_broadcasting(services, settings.campaign_per_minute, outbox.wake))
        )
        webhooks = WebhookWorker(services, allowed_hosts=settings.webhook_hosts)
        await stack.enter_async_context(running_task(webhooks.run))
        await stack.enter_async_context(running_task(lambda: keep_refreshing(services)))
        if settings.nlu_enabled:
            supervisor = Supervisor("nlu", _NamedModelServer(settings, port))
            app[SUPERVISOR] = supervisor
            await stack.enter_async_context(running_task(supervisor.run))
        if settings.vectors != "off":
            await stack.enter_async_context(building_vectors(services, settings.vectors == "all"))
        await relay.resume(tuple(channels))
        yield
        await relay.idle()


def _telegram_webhook(settings: Settings) -> str:
    """Where Telegram shall deliver updates; "" if we fetch them.

    Raises: SettingError.
    """
    if not (settings.telegram_token and settings.telegram_webhook):
        return ""
    if not settings.public_url:
        raise SettingError("WENFA_TELEGRAM_WEBHOOK needs WENFA_PUBLIC_URL, the address that Telegram calls")
    return settings.base_url + webhook_path(settings.telegram_token)


class _NamedModelServer:
    """The NLU server with the model of the present training data, which is looked up at each start."""

    def __init__(self, settings: Settings, port: int) -> None:
        self._settings = settings
        self._port = port
        self._server: NluServer | None = None

    @property
    def process(self) -> asyncio.subprocess.Process | None:
        return self._server.process if self._server else None

    async def start(self) -> None:
        folder = self._settings.data_folder
        named = self._settings.nlu_model
        model = Path(named) if named else await ensure_model(folder / "models")
        self._server = NluServer(model, self._port, log_path=folder / "nlu.log")
        await self._server.start()

    async def wait_ready(self) -> None:
        if self._server is not None:
            await self._server.wait_ready()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop()
