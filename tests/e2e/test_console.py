"""The console in real Chromium, on the whole system: as a visitor, by keyboard alone, in the dark,
on a phone, under attack.
"""

import asyncio
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from playwright.sync_api import APIResponse, Request, Route, expect

from compositing.encode import encode
from devstack.bootstrap import settings_of
from devstack.garments import stranger
from devstack.stack import Stack
from runtime.reading import read_all
from runtime.settings import KafkaSettings
from schemas.topics import LOOK_CANCEL
from tests.e2e.browsing import DESKTOP, PHONE, VIEWS, Tab
from tests.e2e.client import Client, small, until

LOOK_AGAIN_MS = 1500
"""When the console asks for a pending delivery again (`webhooks.js`)."""
HOSTILE = "<img src=x onerror=window.harmed=1>"


def test_a_visitor_gets_from_a_key_to_a_picture_its_wall_and_its_charge(
    tab: Tab, client: Client
) -> None:
    page, before = tab.page, client.balance()
    tab.enter()
    page.get_by_role("button", name="Use sample garments").click()
    expect(page.locator(".garment.ready")).to_have_count(3)
    assert tab.complete(".garment .thumb img")
    page.get_by_label("Category of garment 1, tee.jpg").select_option(label="Top")
    page.get_by_label("Male", exact=True).check()
    expect(page.get_by_role("form", name="Order")).to_contain_text("10 credits")
    assert client.balance() == before  # a price is no charge
    request_id = tab.send()
    expect(page.locator("h1")).to_have_text("Top, skirt, shoes")
    expect(page.locator(".step .what")).to_have_text(["Queued", "Composing", "Finished"])
    until(lambda: tab.complete(".shown .final, .cutout img"), 30)
    expect(page.locator(".cutout img")).to_have_count(3)
    expect(page.locator(".shown figcaption")).to_contain_text("male mannequin")
    page.get_by_role("button", name="Garment 2, layer").hover()
    expect(page.locator(".box.lit")).to_have_count(1)
    assert client.balance() == before - 10
    expect(page.locator("#account")).to_contain_text(f"{before - 10:,}")
    page.get_by_role("navigation", name="Console").get_by_role("link", name="Looks").click()
    card = page.locator(f".wall a[href='#/looks/{request_id}']")
    expect(card.get_by_role("img", name="top, skirt, shoes")).to_be_visible()
    page.get_by_role("link", name="Credits", exact=True).click()
    row = page.get_by_role("row").filter(
        has=page.get_by_role("link", name=f"Look …{request_id[-8:]}")
    )
    expect(row).to_contain_text("Charge")
    expect(row).to_contain_text("\u221210")
    expect(page.get_by_role("region", name="Use by day").get_by_role("row")).not_to_have_count(1)


def test_a_sign_in_holds_in_every_tab_and_no_script_has_the_key_or_the_cookie(
    tab: Tab, client: Client
) -> None:
    page = tab.page
    tab.enter("Webhooks")
    kept = page.evaluate(
        "[Object.values(sessionStorage), Object.values(localStorage), document.cookie, "
        "location.href]"
    )
    assert (kept[1], kept[2]) == ([], "")
    assert tab.key not in str(kept)
    assert tab.key not in page.content()
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
    assert cookie["value"] != tab.key
    page.reload()
    page.get_by_role("heading", name="Webhooks", level=1).wait_for()
    beside = page.context.new_page()
    beside.goto(f"{tab.address}/console#/credits")
    beside.get_by_role("heading", name="Credits", level=1).wait_for()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_focused()
    assert page.context.cookies() == []
    assert page.evaluate("sessionStorage.length") == 0
    beside.get_by_role("link", name="Looks", exact=True).first.click()
    expect(beside.get_by_label("API key")).to_be_visible()
    session = {"Cookie": f"looks_session={cookie['value']}"}
    assert httpx.get(f"{tab.address}/v1/me", headers=session).status_code == 401


def test_a_key_that_does_not_work_is_refused_in_words_and_not_kept(tab: Tab) -> None:
    tab.expected.append("401")
    page = tab.page
    tab.gate()
    for wrong in ("sk_live_wrong", "two words"):
        page.get_by_label("API key").fill(wrong)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("key")
        assert page.context.cookies() == []
    tab.enter()
    # As if it had been revoked meanwhile
    page.context.clear_cookies()
    page.get_by_role("link", name="Credits", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("This key does not work")
    expect(page.get_by_role("alert").locator("code")).to_have_text(re.compile("^[0-9A-Z]{26}$"))


def test_the_way_to_a_picture_can_be_gone_by_keyboard_alone(tab: Tab) -> None:
    page = tab.page
    page.goto(f"{tab.address}/console")
    expect(page.get_by_label("API key")).to_be_focused()
    page.keyboard.type(tab.key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="New look")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    for label in ("Choose files", "Use sample garments"):
        tab.tab_to(label)
        assert tab.focus_is_visible(), label
    page.keyboard.press("Enter")
    expect(page.locator(".garment.ready")).to_have_count(3)
    expect(page.get_by_role("status")).to_contain_text("3 sample garments added")
    tab.tab_to("Female")
    assert tab.focus_is_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Male", exact=True)).to_be_checked()
    tab.tab_to("Make this look")
    page.keyboard.press("Enter")
    page.locator(".shown .final").wait_for()
    expect(page.get_by_role("status")).to_contain_text("Finished")
    tab.tab_to("Garment 2, layer")
    assert tab.focus_is_visible()
    expect(page.locator(".box.lit")).to_have_count(1)
    page.keyboard.press("Space")
    expect(page.locator(".box.kept")).to_have_count(1)
    page.reload()
    tab.tab_to("Skip to content")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_look_whose_answer_is_lost_is_sent_again_and_charged_once(
    tab: Tab, client: Client
) -> None:
    page, before = tab.page, client.balance()
    tab.expected.append("ERR_FAILED")
    keys: list[str | None] = []

    def lose_the_first(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) > 1:
            return route.continue_()
        assert route.fetch().status == 202
        return route.abort()

    page.route("**/v1/look", lose_the_first)
    tab.enter()
    tab.add("tee.jpg", small("tee"))
    request_id = tab.send()
    client.finish([request_id])
    assert len(keys) == 2
    assert keys[0] == keys[1] is not None
    assert client.balance() == before - 10


def test_a_failed_look_says_which_garment_why_and_what_came_back(tab: Tab, client: Client) -> None:
    page, before = tab.page, client.balance()
    tab.enter()
    tab.add("my blue jeans.jpg", encode(stranger("cat", 0), "jpeg", 92))
    expect(page.get_by_label("Category of garment 1")).to_have_value("jeans")
    request_id = tab.send()
    job = client.finish([request_id])[request_id]
    expect(page.locator(".reason .lead")).to_have_text(job["error"]["message"])
    expect(page.locator(".reason")).to_contain_text("1: my blue jeans.jpg")
    expect(page.locator(".reason")).to_contain_text("10 credits refunded")
    expect(page.locator("#account")).to_contain_text(f"{before:,}")
    page.get_by_role("navigation", name="Console").get_by_role("link", name="Looks").click()
    page.get_by_role("navigation", name="Show").get_by_role("link", name="Failed").click()
    expect(page.locator(f".wall a[href='#/looks/{request_id}']")).to_contain_text(
        job["error"]["message"]
    )


def test_a_running_look_can_be_cancelled_after_a_question(
    tab: Tab, stack: Stack, client: Client
) -> None:
    page, before = tab.page, client.balance()
    tab.enter()
    tab.add("tee.jpg", small("tee"))
    stack.kill("compositor", signal.SIGSTOP)
    try:
        request_id = tab.send()
        cancel = page.get_by_role("button", name="Cancel", exact=True)
        cancel.click()
        expect(page.get_by_role("dialog")).to_contain_text("Cancel this look?")
        page.keyboard.press("Escape")
        expect(cancel).to_be_focused()
        cancel.click()
        page.get_by_role("button", name="Cancel the look").click()
        until(lambda: request_id in asked_to_cancel(stack), 60)
    finally:
        stack.kill("compositor", signal.SIGCONT)
    expect(page.get_by_role("heading", name="Cancelled look")).to_be_visible()
    expect(page.locator(".reason")).to_contain_text("10 credits refunded")
    assert client.balance() == before


def asked_to_cancel(stack: Stack) -> set[str]:
    """The requests of all cancel commands. Read in a thread of its own: Playwright has a loop in
    this one.
    """
    found: set[str] = set()
    reading = read_all(
        settings_of(KafkaSettings, stack.env),
        (LOOK_CANCEL,),
        lambda record: found.add((record.key or b"").decode()),
    )
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, reading).result()
    return found


def test_a_broken_stream_says_so_and_goes_on_after_the_last_event(tab: Tab, client: Client) -> None:
    request_id = client.accepted((client.wardrobe(["tee"])["tee"], "top"))
    client.finish([request_id])
    first = (
        client.http.get(f"/v1/jobs/{request_id}/events/stream")
        .text.split("event: stage")[0]
        .rpartition("id: ")[0]
    )
    came: list[str | None] = []

    def once(route: Route) -> None:
        came.append(route.request.headers.get("last-event-id"))
        if len(came) > 1:
            return route.continue_()
        body = first.replace("retry: 3000", "retry: 1500")
        return route.fulfill(status=200, content_type="text/event-stream", body=body)

    tab.page.route("**/events/stream", once)
    tab.enter()
    tab.page.goto(f"{tab.address}/console#/looks/{request_id}")
    expect(tab.page.locator(".connection")).to_contain_text("Reconnecting in")
    expect(tab.page.locator(".step .what")).to_have_text(["Queued", "Composing", "Finished"])
    expect(tab.page.locator(".connection")).to_have_text("")
    assert came == [None, "1"]


def test_what_is_hostile_is_shown_as_text(tab: Tab) -> None:
    page = tab.page
    tab.expected += ["422", "Trusted", "trusted-types-sink"]
    category = {"key": "top", "label": HOSTILE, "body_region": HOSTILE, "layer": 31, "synonyms": []}
    refusal = {
        "error": {"code": "VALIDATION_ERROR", "message": HOSTILE, "request_id": HOSTILE},
        "detail": [],
    }
    page.route("**/v1/garment-categories", lambda route: route.fulfill(json={"items": [category]}))
    page.route("**/v1/look/validate", lambda route: route.fulfill(status=422, json=refusal))
    tab.enter()
    tab.add(f"{HOSTILE}.jpg", small("tee"))
    page.get_by_label("Category of garment 1").select_option("top")
    expect(page.get_by_role("option", name=HOSTILE)).to_have_count(1)
    expect(page.locator(".garment .name")).to_have_text(f"{HOSTILE}.jpg")
    expect(page.get_by_role("alert")).to_contain_text(HOSTILE)
    assert page.locator("img[src='x']").count() == 0
    # And a script that forgets itself is stopped by the policy
    with pytest.raises(Exception, match="TrustedHTML"):
        page.evaluate("text => { document.body.innerHTML = text }", HOSTILE)
    assert page.evaluate("window.harmed") is None


def test_an_endpoint_is_added_tried_and_its_delivery_sent_again(tab: Tab, client: Client) -> None:
    page, url = tab.page, "http://127.0.0.1:9/nobody-listens"
    tab.expected.append("422")
    tab.enter("Webhooks")
    page.get_by_label("URL of a new endpoint").fill("ftp://shop.example/hook")
    page.get_by_role("button", name="Add endpoint").click()
    expect(page.get_by_role("alert")).to_contain_text("Please check what you entered")
    expect(page.get_by_role("alert")).not_to_contain_text("body.url")  # a name for programs
    page.get_by_label("URL of a new endpoint").fill(url)
    page.get_by_role("button", name="Add endpoint").click()
    dialog = page.get_by_role("dialog", name="The endpoint's secret")
    expect(dialog).to_contain_text("whsec_")
    page.keyboard.press("Escape")
    endpoint = page.get_by_role("article").filter(has_text=url)
    endpoint.get_by_role("button", name="Send a test").click()
    row = endpoint.get_by_role("row").filter(has_text="webhook.test")
    expect(row).to_contain_text("1 try")
    row.get_by_role("button", name="again").click()
    expect(row).to_contain_text("2 tries")
    row.get_by_text("Payload").click()
    expect(row.locator("pre")).to_contain_text('"type": "webhook.test"')
    endpoint.get_by_label("State").select_option("skipped")
    expect(endpoint.locator(".empty")).to_have_text("No delivery is in this state.")
    endpoint.get_by_role("button", name="Send failed again").click()
    expect(endpoint.locator(".said")).to_have_text("1 sent again")
    endpoint.locator("summary", has_text="Change").click()
    endpoint.get_by_label("failed looks").uncheck()
    endpoint.get_by_label("Description").fill("the shop's own")
    endpoint.get_by_role("button", name="Save").click()
    expect(endpoint.locator(".said")).to_have_text("Saved")
    expect(endpoint).to_contain_text("the shop's own · finished looks · added")
    (kept,) = [one for one in client.http.get("/v1/webhooks").json()["items"] if one["url"] == url]
    assert (kept["event_types"], kept["description"]) == (["look.completed"], "the shop's own")
    endpoint.get_by_role("button", name="Disable").click()
    expect(endpoint).to_contain_text("switched off by you")
    endpoint.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove it").click()
    expect(endpoint).to_have_count(0)
    assert url not in client.http.get("/v1/webhooks").text


def test_an_endpoint_that_is_being_removed_is_asked_nothing_more(tab: Tab, client: Client) -> None:
    url = "http://127.0.0.1:9/soon-gone"
    made = client.http.post("/v1/webhooks", json={"url": url}).json()
    client.http.post(f"/v1/webhooks/{made['id']}/test")
    page, held, asked = tab.page, list[tuple[Route, APIResponse]](), list[str]()

    def note(request: Request) -> None:
        asked.append(f"{request.method} {request.url}")

    def pending(route: Route) -> None:
        page = route.fetch().json()
        items = [{**one, "status": "pending"} for one in page["items"]]
        route.fulfill(json={**page, "items": items})

    page.route(f"**/v1/webhooks/{made['id']}/deliveries?*", pending)
    page.route(f"**/v1/webhooks/{made['id']}", lambda route: held.append((route, route.fetch())))
    tab.enter("Webhooks")
    endpoint = page.get_by_role("article").filter(has_text=url)
    endpoint.get_by_role("button", name="Deliveries").click()
    expect(endpoint.get_by_role("row").filter(has_text="webhook.test")).to_contain_text("Pending")
    page.on("request", note)
    endpoint.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove it").click()
    page.wait_for_timeout(2 * LOOK_AGAIN_MS)  # the endpoint is gone, and the page does not know it
    ((route, answer),) = held
    route.fulfill(response=answer)
    expect(endpoint).to_have_count(0)
    assert [one for one in asked if made["id"] in one] == [
        f"DELETE {tab.address}/v1/webhooks/{made['id']}"
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_fits_desktop_and_phone_and_names_its_parts(
    tab: Tab, client: Client, scheme: Any
) -> None:
    good = client.accepted((client.wardrobe(["tee"])["tee"], "top"))
    bad = client.accepted(("users/abc/tests/none.jpg", "top"))
    client.finish([good, bad])
    page = tab.page
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    tab.gate()
    faults = [
        ("gate", size["width"], wide) for size in (DESKTOP, PHONE) if (wide := tab.resized(size))
    ]
    assert tab.nameless() == []
    tab.enter()
    tab.add(f"{'a-very-long-name' * 12}.jpg", small("tee"))
    for view, (heading, loaded) in VIEWS.items():
        page.goto(f"{tab.address}/console#/{view.format(good=good, bad=bad)}")
        page.get_by_role("heading", name=heading, level=1, exact=True).wait_for()
        page.locator(loaded).first.wait_for()
        assert (view, tab.nameless()) == (view, [])
        assert page.get_by_role("main").count() == page.get_by_role("banner").count() == 1
        faults += [
            (view, size["width"], wide) for size in (DESKTOP, PHONE) if (wide := tab.resized(size))
        ]
        faults += [(f"{view}: {table}", PHONE["width"], 1) for table in tab.wider_tables()]
    assert faults == []
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (paper == "rgb(21, 18, 15)") == (scheme == "dark")
