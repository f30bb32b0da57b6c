"""Operators sign in at a provider in a browser. The provider is another site, so that cookies come
along where they must and nowhere else.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, expect
from pydantic import SecretStr

from api.app import create_app
from api.ops.app import create_ops
from api.ops.ports import OpsPorts
from api.ops.provider import OidcProvider
from api.server import server_config
from domain.operators import OperatorRole
from runtime.oidc_settings import CALLBACK_PATH, OidcSettings
from runtime.settings import DatabaseSettings
from tests.e2e.browsing import DESKTOP, Tab
from tests.e2e.test_accessibility import faults
from tests.unit.api.fake_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    ISSUER,
    FakeProvider,
    PeopleStore,
)
from tests.unit.api.fakes import make_ports

WITHIN_S = 60


@dataclass
class House:
    """The surface at its address, and the provider that it asks."""

    address: str
    provider: FakeProvider
    people: PeopleStore


@contextmanager
def login_page(provider: FakeProvider) -> Iterator[str]:
    """The provider's page, where somebody is signed in already: it leads back at once."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            query = {"code": provider.login(self.path), "state": asked["state"][0], "iss": ISSUER}
            self.send_response(303)
            self.send_header("Location", f"{asked['redirect_uri'][0]}?{urlencode(query)}")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/authorize"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def house() -> Iterator[House]:
    provider, people = FakeProvider(), PeopleStore()
    ports, *_ = make_ports(port=0)
    none = cast(Any, None)
    ops = create_ops(
        OpsPorts(people, none, none, none, none, none, ports.api, cast(DatabaseSettings, none))
    )
    config = server_config(create_app(ports, lambda: ops), ports.api)
    listener = config.bind_socket()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    provider.redirect_url = f"{address}{CALLBACK_PATH}"
    oidc = OidcSettings(
        issuer=ISSUER,
        client_id=CLIENT_ID,
        client_secret=SecretStr(CLIENT_SECRET),
        public_url=address,
        roles={"looks-viewers": OperatorRole.VIEWER},
        name="Example",
    )
    ops.state.ports = replace(
        ops.state.ports,
        oidc=oidc,
        provider=OidcProvider(oidc, transport=httpx.MockTransport(provider)),
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server._serve([listener])))
    with login_page(provider) as page:
        provider.configuration = {"authorization_endpoint": page}
        thread.start()
        try:
            give_up_s = time.monotonic() + WITHIN_S
            while not server.started and time.monotonic() < give_up_s:
                time.sleep(0.01)
            yield House(address, provider, people)
        finally:
            server.should_exit = True
            thread.join(WITHIN_S)
            listener.close()


def test_a_person_signs_in_at_the_provider_and_comes_back_to_the_view_that_was_asked_for(
    browser: Browser, house: House
) -> None:
    context = browser.new_context(viewport=DESKTOP)
    tab = Tab(context.new_page(), house.address, "")
    page = tab.page
    page.goto(f"{house.address}/ops#/operators")
    page.get_by_role("link", name="Sign in with Example").wait_for()
    assert faults(page) == []
    page.get_by_role("link", name="Sign in with Example").click()
    page.get_by_role("heading", name="Operators", level=1).wait_for()
    assert page.url == f"{house.address}/ops#/operators"
    expect(page.locator("#account")).to_contain_text("ada@example.com")
    kept = {one["name"]: one for one in context.cookies(house.address)}
    assert kept.keys() == {"looks_ops_session"}
    session = kept["looks_ops_session"]
    assert (session["httpOnly"], session["sameSite"]) == (True, "Strict")
    page.reload()
    page.get_by_role("heading", name="Operators", level=1).wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in with Example").wait_for()
    assert house.people.ended == ["s-1"]

    house.provider.claims = {"roles": ["others"]}
    tab.expected.append("403")
    page.get_by_role("link", name="Sign in with Example").click()
    expect(page.get_by_role("alert")).to_contain_text("gives you no role here")
    assert faults(page) == []
    page.get_by_role("link", name="Back to the sign-in").click()
    page.get_by_label("Operator key").wait_for()
    context.close()
    assert len(house.people.begun) == 1
    assert tab.unexpected == []
