"""What the two consoles look like beside their plain views: dialogs, forms that are open, what was
refused. Each step brings the page into a state and gives its name.
"""

from collections.abc import Iterator

from playwright.sync_api import Page

from tests.e2e.browsing import Tab
from tests.e2e.client import small

NO_PICTURE = b"GIF89a, and no picture at all"


def tenants_states(tab: Tab, good: str) -> Iterator[str]:
    """From the sign-in on. `good`: a look that was made of a reference and with its layers."""
    page = tab.page
    tab.gate()
    page.get_by_label("API key").fill("sk_live_not_a_key")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    yield "wrong key"
    tab.enter()
    yield from _making(tab)
    yield from _finding(tab)
    yield from _looking(tab, good)
    yield from _looking_after(tab)


def _at(tab: Tab, view: str, heading: str) -> None:
    tab.page.goto(f"{tab.address}/console#/{view}")
    tab.page.get_by_role("heading", name=heading, level=1, exact=True).wait_for()


def _making(tab: Tab) -> Iterator[str]:
    page = tab.page
    with page.expect_response(lambda one: one.request.method == "PUT" and "draft" in one.url):
        tab.add("IMG_2031.jpg", small("tee"))
        page.locator(".garment .hint", has_text="Guessed").wait_for()
    page.get_by_label("Choose files").set_input_files(
        {"name": "not a picture.jpg", "mimeType": "image/jpeg", "buffer": NO_PICTURE}
    )
    page.locator(".garment.failed").wait_for()
    page.get_by_label("Or the address of a photo").fill("nonsense")
    page.keyboard.press("Enter")
    page.get_by_role("alert").first.wait_for()
    yield "refused photos"
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Background", exact=True).select_option("colour")
    page.get_by_text("Earlier uploads").click()
    page.locator(".uploads img").first.wait_for()
    yield "options, earlier uploads"
    page.evaluate("sessionStorage.clear()")
    page.reload()
    begun = page.get_by_role("region", name="A look that was begun")
    begun.wait_for()
    yield "draft"
    begun.get_by_role("button", name="Forget it").click()
    begun.wait_for(state="detached")


def _finding(tab: Tab) -> Iterator[str]:
    page = tab.page
    _at(tab, "looks", "Looks")
    page.locator(".wall .choose").first.wait_for()
    page.get_by_text("Find looks").click()
    page.locator(".wall .choose").first.click()
    page.get_by_role("region", name="Selected looks").wait_for()
    yield "search, selection bar"
    page.get_by_label("Reference").fill("no such thing")
    page.get_by_role("button", name="Find").click()
    page.locator(".empty").wait_for()
    yield "nothing found"
    page.get_by_role("button", name="Clear", exact=True).click()


def _looking(tab: Tab, good: str) -> Iterator[str]:
    page = tab.page
    _at(tab, f"looks/{good}", "Top")
    page.get_by_role("button", name="Hide garment 1").click()
    page.get_by_role("button", name="Show garment 1").wait_for()
    page.locator("button.layer").first.click()
    page.get_by_text("Code of this request").click()
    page.locator(".code").wait_for()
    yield "a garment hidden, code"
    page.get_by_label("Compare with").select_option(label="The bare mannequin")
    page.locator(".before").wait_for()
    page.get_by_role("button", name="Zoom in").click()
    yield "compared, zoomed"
    page.get_by_role("button", name="Report this picture").click()
    page.get_by_role("dialog").wait_for()
    yield "report dialog"
    page.keyboard.press("Escape")


def _looking_after(tab: Tab) -> Iterator[str]:
    page = tab.page
    _at(tab, "webhooks", "Webhooks")
    page.get_by_label("URL of a new endpoint").fill("http://127.0.0.1:9/nobody-listens")
    page.get_by_role("button", name="Add endpoint").click()
    page.get_by_role("dialog").wait_for()
    yield "secret dialog"
    page.keyboard.press("Escape")
    page.get_by_text("Change").first.click()
    page.get_by_role("button", name="Send a test").first.click()
    page.locator(".deliveries .chip").first.wait_for()
    page.get_by_text("Payload").first.click()
    page.locator(".deliveries pre").wait_for()
    yield "deliveries, payload"
    page.get_by_role("button", name="Remove").first.click()
    page.get_by_role("dialog").wait_for()
    yield "a question"
    page.get_by_role("button", name="Remove it").click()
    page.get_by_role("dialog").wait_for(state="detached")
    _at(tab, "access", "Access")
    page.get_by_label("Manage keys").check()
    page.get_by_role("button", name="Make a key").click()
    page.get_by_role("dialog").wait_for()
    yield "new key dialog"
    page.keyboard.press("Escape")


def operators_states(page: Page) -> Iterator[str]:
    """Signed in as an admin, with a dead letter that nobody has dealt with."""
    address = page.url.partition("#")[0]
    page.goto(f"{address}#/letters")
    page.get_by_label("Whose fault").select_option("tenant")
    page.locator("tbody input[type=checkbox]").first.check()
    yield "a letter chosen"
    page.get_by_role("button", name="Discard…").click()
    page.get_by_role("dialog").wait_for()
    yield "plan"
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Request ").first.click()
    page.locator(".receipt").first.wait_for()
    yield "request"
    page.goto(f"{address}#/erasures")
    form = page.get_by_role("form", name="Erase a tenant")
    form.get_by_label("Tenant id").fill("other")
    form.get_by_role("button", name="Check…").click()
    page.get_by_role("alert").wait_for()
    yield "erasure hindered"
    page.goto(f"{address}#/operators")
    form = page.get_by_role("form", name="New key")
    form.get_by_label("Name").fill("Ada")
    form.get_by_role("button", name="Create key").click()
    page.get_by_role("dialog").wait_for()
    yield "operator's key dialog"
    page.keyboard.press("Escape")
