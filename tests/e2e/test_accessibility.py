"""Every page for everybody: axe-core finds nothing serious on any view, light or dark, desktop or
phone; and the references load nothing from elsewhere.
"""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route

from devstack.stack import Stack
from tests.e2e.browsing import DESKTOP, PHONE, VIEWS, Tab
from tests.e2e.client import Client, small
from tests.e2e.states import tenants_states

RULES: dict[str, Any] = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    # What voice control says must be what it sees: experimental, so not in the tags
    "rules": {"label-content-name-mismatch": {"enabled": True}, "target-size": {"enabled": True}},
}
COLOURS: dict[str, Any] = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
}
"""All that a scheme changes: the page is the same."""
SERIOUS = ("serious", "critical")
MANY_STATES = 10
"""That the walk through them did not end early."""


def faults(page: Page) -> list[tuple[str, str]]:
    """Which rules are broken seriously, and where first: all of them in the light, those of colours
    in the dark.
    """
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    options = {**(COLOURS if dark else RULES), "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_view_shuts_anybody_out(tab: Tab, client: Client, scheme: Any, size: Any) -> None:
    good = client.accepted((client.wardrobe(["tee"])["tee"], "top"))
    bad = client.accepted(("users/abc/tests/none.jpg", "top"))
    client.finish([good, bad])
    page = tab.page
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size(size)
    tab.gate()
    found = {"gate": faults(page)}
    tab.enter("Webhooks")
    page.get_by_label("URL of a new endpoint").fill("http://127.0.0.1:9/nobody-listens")
    page.get_by_role("button", name="Add endpoint").click()
    page.get_by_role("dialog").wait_for()
    found["secret"] = faults(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Send a test").first.click()
    page.locator(".deliveries .chip").first.wait_for()
    found["deliveries"] = faults(page)
    page.get_by_role("button", name="Remove").first.click()
    page.get_by_role("button", name="Remove it").click()
    page.get_by_role("dialog").wait_for(state="detached")
    page.get_by_role("navigation", name="Console").get_by_role("link", name="New look").click()
    tab.add("tee.jpg", small("tee"))
    for view, (heading, loaded) in VIEWS.items():
        page.goto(f"{tab.address}/console#/{view.format(good=good, bad=bad)}")
        page.get_by_role("heading", name=heading, level=1, exact=True).wait_for()
        page.locator(loaded).first.wait_for()
        found[view] = faults(page)
    assert {view: what for view, what in found.items() if what} == {}


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", PHONE), ("dark", DESKTOP)], ids=["light phone", "dark desktop"]
)
def test_no_state_of_a_view_shuts_anybody_out_or_is_wider_than_its_window(
    tab: Tab, client: Client, scheme: Any, size: Any
) -> None:
    tee = client.wardrobe(["tee"])["tee"]
    good = client.accepted((tee, "top"), runtime_config={"layers": True}, reference="SKU 4711")
    client.finish([good])
    tab.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    tab.page.set_viewport_size(size)
    tab.expected += ["401 (Unauthorized)", "415 (Unsupported Media Type)"]
    found = {state: (faults(tab.page), tab.resized(size)) for state in tenants_states(tab, good)}
    assert len(found) > MANY_STATES
    assert {state: what for state, what in found.items() if what != ([], 0)} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/docs", "/asyncapi"])
def test_the_references_are_read_without_any_other_host(
    browser: Browser, stack: Stack, path: str, scheme: Any
) -> None:
    address, foreign = stack.env["LOOKS_API_URL"], []
    context = browser.new_context(viewport=PHONE, color_scheme=scheme)

    def own_alone(route: Route) -> None:
        if route.request.url.startswith(address):
            return route.continue_()
        foreign.append(route.request.url)
        return route.abort()

    context.route("**/*", own_alone)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text))
    page.goto(f"{address}{path}")
    assert page.get_by_role("heading", level=1).is_visible()
    if path == "/docs":
        page.goto(f"{address}/docs#create_look")
        assert page.locator("#create_look").get_by_text("items[].trial_image").first.is_visible()
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert (foreign, said, faults(page), wide) == ([], [], [], 0)
    context.close()
