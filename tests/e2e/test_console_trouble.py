"""The console where something is lost on the way: a finished look is shown all the same, and what
was seen is there again.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from compositing.encode import encode
from devstack.garments import stranger
from devstack.stack import Stack
from tests.e2e.browsing import PHONE, Tab
from tests.e2e.client import Client, small

LOST = "ERR_FAILED"
OUTCOME = {"job": "**/v1/jobs/*?wait=*", "picture": "**/v1/renders/*"}


def lose(times: int) -> tuple[list[str], Callable[[Route], None]]:
    """A route that gives no answer so often, and the requests that it saw."""
    seen: list[str] = []

    def handle(route: Route) -> None:
        seen.append(route.request.url)
        route.abort() if len(seen) <= times else route.continue_()

    return seen, handle


@pytest.mark.parametrize("what", list(OUTCOME))
@pytest.mark.parametrize("times", [1, 3])
def test_a_finished_look_is_shown_when_requests_after_its_last_event_are_lost(
    tab: Tab, what: str, times: int
) -> None:
    page = tab.page
    tab.expected.append(LOST)
    seen, handle = lose(times)
    page.route(OUTCOME[what], handle)
    tab.enter()
    tab.add("tee.jpg", small("tee"))
    tab.send()
    page.locator(".shown .final").wait_for()
    assert len(seen) > times
    expect(page.locator(".chip")).to_have_text("Finished")
    expect(page.locator(".connection")).to_have_text("")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def test_a_network_that_goes_and_comes_back_is_noticed_at_once(tab: Tab) -> None:
    page = tab.page
    tab.expected += ["ERR_INTERNET_DISCONNECTED", "ERR_FAILED"]
    tab.enter()
    tab.add("tee.jpg", small("tee"))
    seen, handle = lose(2)
    page.route(OUTCOME["job"], handle)
    tab.send()
    expect(page.locator(".connection")).to_contain_text("Reconnecting")
    page.context.set_offline(True)
    page.context.set_offline(False)
    page.locator(".shown .final").wait_for()
    assert len(seen) >= 2


def test_whatever_can_not_be_loaded_can_be_asked_for_again(tab: Tab, client: Client) -> None:
    page = tab.page
    request_id = client.accepted((client.wardrobe(["tee"])["tee"], "top"))
    client.finish([request_id])
    tab.expected.append(LOST)
    tab.enter()
    for view, path, there in (
        (f"looks/{request_id}", OUTCOME["picture"], ".shown .final"),
        ("credits", "**/console/credits.js", "tbody tr"),
        ("looks", "**/v1/jobs?*", ".wall li"),
        ("credits", "**/v1/usage", "tbody tr"),
        ("webhooks", "**/v1/webhooks?*", "#url"),
    ):
        seen, handle = lose(1)
        page.route(path, handle)
        page.goto(f"{tab.address}/console#/{view}")
        page.get_by_role("alert").get_by_role("button", name="Try again").click()
        page.locator(there).first.wait_for()
        expect(page.get_by_role("alert")).to_have_count(0)
        assert len(seen) >= 2, view
        page.unroute(path)


def test_a_picture_that_is_lost_on_the_way_is_fetched_again(tab: Tab, client: Client) -> None:
    page = tab.page
    request_id = client.accepted((client.wardrobe(["tee"])["tee"], "top"))
    client.finish([request_id])
    tab.expected.append(LOST)
    seen, handle = lose(2)
    page.route(re.compile(r"/results/.*\.(webp|jpe?g|png)\?"), handle)
    tab.enter()
    page.goto(f"{tab.address}/console#/looks/{request_id}")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.shown .final')].some(one => one.naturalWidth > 0)"
    )
    assert len(seen) > 2


def test_a_pointer_at_rest_marks_nothing_on_the_picture_that_arrives(
    tab: Tab, client: Client
) -> None:
    page = tab.page
    request_id = client.accepted((client.wardrobe(["tee"])["tee"], "top"))
    client.finish([request_id])
    tab.enter()
    page.goto(f"{tab.address}/console#/looks/{request_id}")
    middle = page.locator(".layer").first.bounding_box()
    assert middle is not None
    page.goto(f"{tab.address}/console#/credits")
    page.get_by_role("heading", name="Credits", level=1).wait_for()
    page.mouse.move(middle["x"] + 40, middle["y"] + 40)
    page.evaluate("id => { location.hash = `#/looks/${id}` }", request_id)
    page.locator(".shown .final").wait_for()
    page.wait_for_timeout(
        500
    )  # a browser tells of a pointer at rest soon after what moved below it
    expect(page.locator(".layer:hover")).to_have_count(1)
    assert page.locator(".box.lit").count() == 0
    page.mouse.move(middle["x"] + 50, middle["y"] + 45)
    expect(page.locator(".box.lit")).to_have_count(1)


def test_back_from_a_look_finds_the_wall_as_it_was_left(tab: Tab, client: Client) -> None:
    page = tab.page
    top = client.wardrobe(["tee"])["tee"]
    client.finish([client.accepted((top, "top")) for _ in range(30)])
    page.set_viewport_size(PHONE)
    tab.enter("Looks")
    cards = page.locator(".wall li")
    expect(cards).to_have_count(24)
    page.get_by_role("button", name="Show more").click()
    cards.nth(29).wait_for()
    count = cards.count()
    link = cards.nth(27).get_by_role("link")
    link.scroll_into_view_if_needed()
    before, where = page.evaluate("scrollY"), link.get_attribute("href")
    link.click()
    page.locator(".shown .final").wait_for()
    page.go_back()
    expect(cards).to_have_count(count)
    page.wait_for_function("top => Math.abs(scrollY - top) < 200", arg=before)
    assert page.evaluate("document.activeElement.hash") == where
    page.reload()
    expect(cards).to_have_count(count)


def test_the_wall_shows_what_is_made_while_it_is_seen(tab: Tab, client: Client) -> None:
    page = tab.page
    top = client.wardrobe(["tee"])["tee"]
    tab.enter("Looks")
    page.locator(".wall li, .empty").first.wait_for()
    request_id = client.accepted((top, "top"))
    card = page.locator(f".wall a[href='#/looks/{request_id}']")
    card.wait_for()
    expect(card.locator("img[alt='top']")).to_have_count(1)
    expect(card).to_contain_text("Finished")
    assert page.locator(".wall a").first.get_attribute("href") == f"#/looks/{request_id}"


def test_a_draft_outlasts_a_reload_and_goes_at_the_sign_out(tab: Tab) -> None:
    page = tab.page
    tab.enter()
    tab.add("blue jeans.jpg", small("jeans"))
    page.get_by_label("Male", exact=True).check()
    expect(page.get_by_role("form", name="Order")).to_contain_text("10 credits")
    page.reload()
    expect(page.locator(".garment.ready .name")).to_have_text("blue jeans.jpg")
    expect(page.get_by_label("Category of garment 1")).to_have_value("jeans")
    expect(page.get_by_label("Male", exact=True)).to_be_checked()
    assert tab.complete(".garment .thumb img")
    expect(page.get_by_role("form", name="Order")).to_contain_text("10 credits")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("API key").wait_for()
    assert page.evaluate("sessionStorage.length") == 0
    page.get_by_label("API key").fill(tab.key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".garment")).to_have_count(0)


def test_what_failed_is_changed_and_sent_again_without_a_new_upload(tab: Tab) -> None:
    page = tab.page
    tab.enter()
    tab.add("my jeans.jpg", encode(stranger("cat", 0), "jpeg", 92))
    tab.send()
    expect(page.locator(".reason")).to_contain_text("Try another photo")
    page.get_by_role("link", name="Change and send again").click()
    expect(page.locator(".garment.ready .name")).to_have_text("my jeans.jpg")
    uploads: list[str] = []
    page.on("request", lambda one: uploads.append(one.url) if "/uploads" in one.url else None)
    page.get_by_label("Category of garment 1").select_option("top")
    expect(page.get_by_role("form", name="Order")).to_contain_text("10 credits")
    assert uploads == []


def test_a_file_that_is_no_photo_is_said_once_and_asks_for_nothing(tab: Tab) -> None:
    page = tab.page
    tab.expected.append("415")
    tab.enter()
    page.get_by_label("Choose files").set_input_files(
        {"name": "shirt.jpg", "mimeType": "image/jpeg", "buffer": b"no photo at all" * 40}
    )
    card = page.locator(".garment.failed")
    expect(card.get_by_role("combobox")).to_have_count(0)
    expect(card.get_by_role("button")).to_have_count(2)  # remove it, or choose another
    expect(card.locator("code.id")).to_have_count(0)
    page.get_by_role("button", name="Make this look").click()
    expect(page.get_by_role("form", name="Order").get_by_role("alert")).to_contain_text(
        "choose another or remove it"
    )
    card.get_by_label("Choose another photo").set_input_files(
        {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": small("shirt")}
    )
    expect(page.locator(".garment.ready .name")).to_have_text(["IMG_1.jpg"])
    expect(page.get_by_role("combobox", name="Category of garment 1")).to_have_value("shirt")


def test_a_key_is_offered_what_it_may_do(tab: Tab, stack: Stack) -> None:
    page = tab.page
    tab.key = limited_key(stack, "jobs:read")
    tab.enter()
    expect(page.locator("main")).to_contain_text("jobs:create")
    expect(page.get_by_label("Choose files")).to_have_count(0)
    page.get_by_role("link", name="Webhooks").click()
    expect(page.locator("main")).to_contain_text("webhooks:manage")
    expect(page.get_by_label("URL of a new endpoint")).to_have_count(0)
    page.get_by_role("navigation", name="Console").get_by_role("link", name="Looks").click()
    page.locator(".wall li, .empty").first.wait_for()
    expect(page.get_by_role("alert")).to_have_count(0)


def limited_key(stack: Stack, capability: str) -> str:
    """A test key of the demo tenant that may do one thing."""
    asked = f"keys create --tenant demo --environment test --capability {capability}"
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *asked.split()],
        env={**os.environ, **stack.env},
        capture_output=True,
        text=True,
        check=True,
    )
    (key,) = re.findall(r"sk_test_\w+", done.stdout)
    return str(key)


def test_the_main_button_of_a_phone_is_always_at_hand(tab: Tab) -> None:
    page = tab.page
    page.set_viewport_size(PHONE)
    tab.enter()
    page.get_by_role("button", name="Use sample garments").click()
    expect(page.locator(".garment.ready")).to_have_count(3)
    page.evaluate("scrollTo(0, 0)")
    button = page.get_by_role("button", name="Make this look")
    below = page.get_by_role("navigation", name="Console").bounding_box()
    box = button.bounding_box()
    assert box is not None
    assert below is not None
    assert box["y"] + box["height"] <= below["y"]
    tab.send()
    page.locator(".shown .final").wait_for()
    page.evaluate("scrollTo(0, 0)")
    opened = page.get_by_role("link", name="Download WebP").bounding_box()
    assert opened is not None
    assert opened["y"] < PHONE["height"] / 2
