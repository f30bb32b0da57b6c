"""Clients of the running stack, and a browser in front of it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from devstack.stack import ALL, Stack
from tests import shared_services
from tests.conftest import running_stack
from tests.e2e.browsing import DESKTOP, WITHIN_MS, Tab
from tests.e2e.calls import Calls, receiving_calls
from tests.e2e.client import Client

CHROMIUM = Path("/usr/bin/chromium")

expect.set_options(timeout=WITHIN_MS)


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """The whole system. Tests share it: each brings its own requests and looks only at them. Idle
    it takes a quarter of a core, so it ends with the last of them.
    """
    yield from running_stack(ALL, shared_services.place)


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    """The demo tenant's client."""
    made = Client(stack)
    yield made
    made.close()


@pytest.fixture
def other(stack: Stack) -> Iterator[Client]:
    """The other tenant's client: 15 credits, its own objects."""
    made = Client(stack, stack.env["LOOKS_OTHER_API_KEY"])
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed before the next module: while it is open, Playwright's loop runs in this thread, and
    no other can.
    """
    if not CHROMIUM.exists():
        why = f"no Chromium at {CHROMIUM}: make browser"
        pytest.fail(why) if os.environ.get("LOOKS_TEST_BROWSER") == "required" else pytest.skip(why)
    with sync_playwright() as playwright:
        args = ["--no-sandbox"] if os.getuid() == 0 else []
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield launched
        launched.close()


@pytest.fixture
def tab(browser: Browser, stack: Stack) -> Iterator[Tab]:
    """A fresh tab. It must not complain, and talks to the API and the object store alone."""
    context = browser.new_context(viewport=DESKTOP)
    made = Tab(context.new_page(), stack.env["LOOKS_API_URL"], stack.env["LOOKS_API_KEY"])
    yield made
    context.close()
    assert made.unexpected == []
    known = {
        stack.env[name].partition("//")[2] for name in ("LOOKS_API_URL", "LOOKS_S3_ENDPOINT_URL")
    }
    assert made.hosts - {""} <= known  # blob: URLs have no host


@pytest.fixture
def receiver() -> Iterator[tuple[str, Calls]]:
    """Of webhooks: its URL, and the calls that came."""
    with receiving_calls() as made:
        yield made
