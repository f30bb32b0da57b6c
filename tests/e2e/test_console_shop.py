"""The shop's afternoon in Chromium: many looks, found again and saved as one zip; keys and sign-ins
looked after.
"""

import re
import zipfile
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.browsing import Tab
from tests.e2e.client import Client, small

LOOKS = 12


def test_many_looks_are_found_by_reference_and_saved_as_one_zip(
    tab: Tab, client: Client, tmp_path: Path
) -> None:
    page = tab.page
    tee = client.wardrobe(["tee"], "users/abc/shop")["tee"]
    ids = [client.accepted((tee, "top"), reference=f"IMG {n:04}") for n in range(LOOKS)]
    client.finish(ids)
    tab.enter("Looks")
    page.get_by_text("Find looks").click()
    for number in (3, LOOKS - 1):
        page.get_by_label("Reference").fill(f"IMG {number:04}")
        page.get_by_role("button", name="Find").click()
        expect(page.locator(f".wall a[href='#/looks/{ids[number]}']")).to_be_visible()
        expect(page.locator(".wall a[href*='/looks/']")).not_to_have_count(LOOKS)
    page.reload()
    expect(page.get_by_label("Reference")).to_have_value(f"IMG {LOOKS - 1:04}")
    page.get_by_label("Reference").fill("no such thing")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".empty")).to_contain_text("No looks match.")
    page.get_by_role("link", name="Clear").click()
    page.get_by_label("Select top, IMG 0000").first.check()
    bar = page.get_by_role("region", name="Selected looks")
    expect(bar).to_contain_text("1 selected")
    page.get_by_text("Find looks").click()
    page.get_by_label("Reference").fill("IMG 0001")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_label("Select top, IMG 0001").first).to_be_visible()
    expect(bar).to_contain_text("1 selected, 1 of them not shown")
    bar.get_by_role("button", name="Select all shown").click()
    expect(bar).to_contain_text("2 selected")
    page.get_by_role("link", name="Clear").click()
    for number in range(LOOKS):
        page.get_by_label(f"Select top, IMG {number:04}").first.check()
    expect(bar).to_contain_text(f"{LOOKS} selected")
    with page.expect_download() as coming:
        bar.get_by_role("link", name="Download as zip").click()
    coming.value.save_as(tmp_path / "looks.zip")
    with zipfile.ZipFile(tmp_path / "looks.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"IMG-{n:04}.jpg" for n in range(LOOKS)]
        assert {archive.read(name)[:2] for name in archive.namelist()} == {b"\xff\xd8"}
    bar.get_by_role("button", name="Clear").click()
    expect(bar).to_have_count(0)


def test_looks_are_found_by_day_and_category(tab: Tab, client: Client) -> None:
    page = tab.page
    garments = client.wardrobe(["tee", "jeans"], "users/abc/shop")
    top, jeans = (
        client.accepted((garments[name], category), reference=f"by category {name}")
        for name, category in (("tee", "top"), ("jeans", "jeans"))
    )
    guessed = client.accepted((garments["jeans"], "auto"), reference="by category guessed")
    client.finish([top, jeans, guessed])
    tab.enter("Looks")
    page.get_by_text("Find looks").click()
    page.get_by_label("Category", exact=True).select_option("jeans")
    page.get_by_label("From").fill("2020-01-01")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(f".wall a[href='#/looks/{jeans}']")).to_be_visible()
    expect(page.locator(f".wall a[href='#/looks/{top}']")).to_have_count(0)
    expect(page.locator(f".wall a[href='#/looks/{guessed}']")).to_have_count(0)
    page.get_by_label("Category", exact=True).select_option("trousers")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(f".wall a[href='#/looks/{guessed}']")).to_be_visible()
    page.get_by_label("From").fill("2020-01-01")
    page.get_by_label("Until").fill("2020-01-02")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".empty")).to_contain_text("No looks match.")


def test_a_photo_that_a_camera_named_has_its_category_before_the_look(tab: Tab) -> None:
    page = tab.page
    tab.enter()
    tab.add("IMG_2031.jpg", small("tee"))
    card = page.locator(".garment", has_text="IMG_2031.jpg")
    expect(card.locator(".hint")).to_have_text(re.compile(r"Guessed from its shape, \d+ % sure"))
    category = page.get_by_label("Category of garment 1")
    expect(category).to_have_value("top")
    category.select_option("t-shirt")
    expect(card.locator(".hint")).to_have_text("")
    category.select_option("auto")
    expect(category).to_have_value("top")
    tab.add("IMG_2032.jpg", small("shoes"))
    expect(page.locator(".garment .hint").nth(1)).to_have_text(
        "Its shape is not clear: choose a category."
    )
    expect(page.get_by_label("Category of garment 2")).to_have_value("")
    page.get_by_role("button", name="Remove IMG_2032.jpg").click()
    tab.add("my shirt dress.jpg", small("dress"))
    expect(page.get_by_label("Category of garment 2")).to_have_value("dress")
    expect(page.get_by_role("form", name="Order")).to_contain_text("10 credits")


def test_a_look_is_begun_here_ended_in_another_browser_and_its_guess_changed(
    tab: Tab, client: Client
) -> None:
    """Photos by their addresses and from earlier uploads; a draft that another browser goes on
    with; a category that is guessed, said and changed.
    """
    page = tab.page
    capabilities = ["jobs:create", "jobs:read"]
    tab.key = client.http.post("/v1/keys", json={"capabilities": capabilities}).json()["key"]
    tab.enter()
    tab.add("IMG_2031.jpg", small("tee"))
    address = page.get_by_label("Or the address of a photo")
    for text, why in (("nonsense", "not the address"), ("ftp://a.example/b.jpg", "not ftp")):
        address.fill(text)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text(why)
    with page.expect_response(lambda one: one.request.method == "PUT" and "draft" in one.url):
        address.fill("https://cdn.example.com/photos/red%20dress.jpg")
        page.keyboard.press("Enter")
    by_address = page.locator(".garment", has_text="red dress.jpg")
    expect(by_address).to_contain_text("Fetched from cdn.example.com")
    expect(page.get_by_label("Category of garment 2")).to_have_value("dress")
    expect(page.get_by_role("form", name="Order")).to_contain_text("10 credits")
    browser = page.context.browser
    assert browser is not None
    elsewhere = browser.new_context()
    other = Tab(elsewhere.new_page(), tab.address, tab.key)
    other.enter()
    begun = other.page.get_by_role("region", name="A look that was begun")
    expect(begun).to_contain_text("2 garments")
    begun.get_by_role("button", name="Continue with it").click()
    expect(begun).to_have_count(0)
    expect(other.page.locator(".garment.ready .name")).to_have_text(
        ["IMG_2031.jpg", "red dress.jpg"]
    )
    other.page.get_by_role("button", name="Remove red dress.jpg").click()
    other.page.get_by_text("Earlier uploads").click()
    assert other.page.locator(".uploads img").first.get_attribute("src")
    other.page.get_by_role("button", name="Add the upload of").first.click()
    expect(other.page.locator(".garment.ready")).to_have_count(2)
    other.page.get_by_role("button", name="Remove Upload").click()
    asked = client.accepted((client.wardrobe(["tee"])["tee"], "auto"))
    client.finish([asked])
    other.page.goto(f"{tab.address}/console#/looks/{asked}")
    guess = other.page.locator(".guess")
    expect(guess).to_contain_text(re.compile(r"Guessed: top, \d+ % sure"))
    guess.get_by_role("button", name="Change the category").click()
    # not by its label: that of the button, which is there until the view has changed, has it too
    chosen = other.page.get_by_role("combobox", name="Category of garment 1")
    expect(chosen).to_have_value("top")
    assert other.unexpected == []
    elsewhere.close()


def test_what_a_key_used_when_credits_are_low_and_what_was_refused(
    tab: Tab, client: Client
) -> None:
    page, before = tab.page, client.balance()
    made = client.http.post("/v1/keys", json={"capabilities": ["jobs:create"], "name": "till 7"})
    till = {"Authorization": f"Bearer {made.json()['key']}"}
    tee = client.wardrobe(["tee"], "users/abc/shop")["tee"]
    body = {"items": [{"trial_image": tee, "trial_item_category": "top"}]}
    assert client.http.post("/v1/look", json=body, headers=till).status_code == 202
    refused = client.http.get("/v1/jobs", headers=till).json()["error"]
    assert refused["code"] == "CAPABILITY_MISSING"
    tab.enter("Credits")
    legend = page.locator(".legend li")
    expect(legend.filter(has_text="till 7")).to_contain_text("1 look, 10 credits")
    expect(page.get_by_role("img", name="Looks by day and key")).to_be_visible()
    page.get_by_label("Warn me below").fill(str(before * 2))
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#account")).to_contain_text("Low")
    page.get_by_role("button", name="Use the default").click()
    expect(page.locator("#account")).not_to_contain_text("Low")
    tab.expected.append("404")
    page.goto(f"{tab.address}/console#/access?request={refused['request_id']}")
    found = page.get_by_role("region", name="The request of this id")
    expect(found).to_contain_text("GET /v1/jobs")
    expect(found).to_contain_text("403 CAPABILITY_MISSING")
    page.get_by_label("Id that an error said to quote").fill("0" * 26)
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.locator("#refused .empty")).to_contain_text("No request with this id is on record")


def test_a_key_is_made_used_elsewhere_and_revoked_and_everybody_is_signed_out(tab: Tab) -> None:
    page = tab.page
    tab.enter("Access")
    form = page.get_by_role("form", name="A new key")
    form.get_by_label("Make looks").uncheck()
    form.get_by_role("button", name="Make a key").click()
    dialog = page.get_by_role("dialog", name="The new key")
    (key,) = re.findall(r"sk_live_\w+", dialog.inner_text())
    dialog.get_by_role("button", name="I have it").click()
    browser = page.context.browser
    assert browser is not None
    elsewhere = browser.new_context()
    other = Tab(elsewhere.new_page(), tab.address, key)
    other.gate()
    other.page.get_by_label("API key").fill(key)
    other.page.get_by_role("button", name="Sign in").click()
    expect(other.page.locator("main")).to_contain_text("jobs:create")
    page.get_by_role("button", name=f"Revoke the key that ends in {key[-4:]}").click()
    page.get_by_role("button", name="Revoke it").click()
    expect(page.get_by_role("row").filter(has_text=key[-4:])).to_contain_text("Revoked")
    other.page.get_by_role("link", name="Credits", exact=True).click()
    expect(other.page.get_by_label("API key")).to_be_visible()
    elsewhere.close()
    page.get_by_role("button", name="Sign out everywhere").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_label("API key")).to_be_visible()
