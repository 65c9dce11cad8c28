"""What the tests of pages look for: what keeps people out, and what doesn't fit."""

from __future__ import annotations

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.bot.desk.browsing import PASSWORD


async def serious_problems(page: Page) -> list[str]:
    """What axe-core finds that keeps people out."""
    results = await Axe().run(page)
    return [
        f"{found['id']}: {node['html']}"
        for found in results.response["violations"]
        if found["impact"] in {"serious", "critical"}
        for node in found["nodes"]
    ]


async def is_wider_than_the_screen(page: Page) -> bool:
    """Whether one has to scroll sideways."""
    return bool(await page.evaluate("document.documentElement.scrollWidth > innerWidth"))


async def sign_in(page: Page, username: str) -> None:
    """Through the form of the desk."""
    await page.fill("#username", username)
    await page.fill("#password", PASSWORD)
    await page.click("button.primary")
    await expect(page.locator(".me")).to_be_visible()
