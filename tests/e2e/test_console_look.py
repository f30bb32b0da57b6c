"""A look's own page in Chromium: looked at closely, saved, made again in another way, reported; and
the newcomer's two minutes.
"""

import io
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import PHONE, Tab
from tests.e2e.client import Client, small, until


@pytest.fixture
def shown(tab: Tab, client: Client) -> str:
    """A finished look, on its page."""
    request_id = client.accepted(
        (client.wardrobe(["tee"])["tee"], "top"),
        mannequin="MALE",
        runtime_config={"width": 256},
        reference="order 7",
    )
    client.finish([request_id])
    tab.enter()
    tab.page.goto(f"{tab.address}/console#/looks/{request_id}")
    tab.page.locator(".shown .final").wait_for()
    return request_id


def scale(page: Page) -> float:
    """How far the picture is zoomed in."""
    found = "one => new DOMMatrix(getComputedStyle(one).transform).a"
    return float(page.locator(".canvas").evaluate(found))


def test_a_picture_is_zoomed_and_moved_by_buttons_keys_and_wheel(tab: Tab, shown: str) -> None:
    page = tab.page
    frame = page.get_by_role("group", name="Picture.")
    page.get_by_role("button", name="Zoom in").click()
    assert scale(page) == pytest.approx(1.4)
    page.get_by_role("button", name="Fit the frame").click()
    assert scale(page) == 1
    frame.focus()
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert scale(page) == pytest.approx(1.96)
    before = page.locator(".canvas").bounding_box()
    page.keyboard.press("ArrowRight")
    after = page.locator(".canvas").bounding_box()
    assert before is not None
    assert after is not None
    assert before["x"] - after["x"] == pytest.approx(60, abs=1)
    page.keyboard.press("0")
    assert scale(page) == 1
    frame.hover()
    page.mouse.wheel(0, -400)
    until(lambda: scale(page) > 1.5, 10)
    for _ in range(20):
        page.keyboard.press("+")
    assert scale(page) == 6


def test_two_fingers_zoom_and_one_moves(tab: Tab, shown: str) -> None:
    page = tab.page
    page.set_viewport_size(PHONE)
    box = page.locator(".shown .frame").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 100
    page.evaluate(
        """([x, y]) => {
          const frame = document.querySelector('.shown .frame');
          frame.setPointerCapture = () => {};
          const send = (type, pointerId, clientX) => frame.dispatchEvent(
            new PointerEvent(type, { pointerId, clientX, clientY: y, bubbles: true }));
          send('pointerdown', 1, x - 20); send('pointerdown', 2, x + 20);
          send('pointermove', 1, x - 60); send('pointermove', 2, x + 60);
          send('pointerup', 1, x - 60); send('pointerup', 2, x + 60);
        }""",
        [x, y],
    )
    assert scale(page) == pytest.approx(3, abs=0.1)


def test_a_look_is_compared_with_its_mannequin_and_its_photo(tab: Tab, shown: str) -> None:
    page = tab.page
    choose, slider = page.get_by_label("Compare with"), page.get_by_role("slider")
    expect(slider).to_have_count(0)
    for label in ("The bare mannequin", "The photo of garment 1, top"):
        choose.select_option(label=label)
        until(lambda: tab.complete(".before"), 30)
        slider.focus()
        clip = page.locator(".before").evaluate("one => one.style.clipPath")
        page.keyboard.press("ArrowRight")
        assert page.locator(".before").evaluate("one => one.style.clipPath") != clip
    assert "/mannequins/" not in str(page.locator(".before").get_attribute("src"))
    choose.select_option(label="Nothing")
    expect(slider).to_have_count(0)


def test_a_picture_is_saved_as_it_is_and_as_a_png_of_the_same_pixels(
    tab: Tab, shown: str, tmp_path: Path
) -> None:
    page, made = tab.page, []
    for button, name in (("Download WebP", f"{shown}.webp"), ("PNG", f"{shown}.png")):
        with page.expect_download() as coming:
            page.get_by_role("link" if "Web" in button else "button", name=button).click()
        assert coming.value.suggested_filename == name
        coming.value.save_as(tmp_path / name)
        read = cv2.imread(str(tmp_path / name))
        assert read is not None
        made.append(read.astype(np.int16))
    webp, png = made
    assert webp.shape == png.shape
    assert int(np.abs(webp - png).max()) <= 2  # two decoders of one WebP


def test_a_look_that_is_a_png_is_saved_as_a_webp_too(
    tab: Tab, client: Client, tmp_path: Path
) -> None:
    item = (client.wardrobe(["tee"])["tee"], "top")
    made = client.accepted(item, runtime_config={"format": "png", "background": "transparent"})
    client.finish([made])
    tab.enter()
    page = tab.page
    page.goto(f"{tab.address}/console#/looks/{made}")
    for button, name in (("Download PNG", f"{made}.png"), ("WebP", f"{made}.webp")):
        with page.expect_download() as coming:
            page.get_by_role("link" if "PNG" in button else "button", name=button).click()
        assert coming.value.suggested_filename == name
        coming.value.save_as(tmp_path / name)
    png, webp = (cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted(tmp_path.iterdir()))
    assert png is not None
    assert webp is not None
    assert png.shape == webp.shape
    assert (tmp_path / f"{made}.webp").read_bytes()[8:12] == b"WEBP"
    clear = png[..., 3] == 0
    assert clear.any()
    assert not webp[..., 3][clear].any()


def test_the_code_of_a_look_makes_the_same_look_again(tab: Tab, shown: str, client: Client) -> None:
    page = tab.page
    page.get_by_text("Code of this request").click()
    for language, word in (("curl", "Idempotency-Key"), ("TypeScript", "randomUUID")):
        page.get_by_role("button", name=language, exact=True).click()
        expect(page.get_by_role("region", name=f"The request in {language}")).to_contain_text(word)
    page.get_by_role("button", name="Python", exact=True).click()
    program = page.get_by_role("region", name="The request in Python").inner_text()
    key = client.env["LOOKS_API_KEY"]
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "LOOKS_API_KEY": key},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "X-Amz-Signature" in done.stdout
    newest = client.http.get("/v1/jobs?limit=1&reference=order 7").json()["items"][0]
    known = client.job(shown)
    assert newest["request_id"] != shown
    for name in ("items", "user_category", "runtime_config", "reference"):
        assert newest[name] == known[name]


def test_a_bad_picture_is_reported_once_and_its_credits_are_back(
    tab: Tab, shown: str, client: Client
) -> None:
    page, before = tab.page, client.balance()
    page.get_by_role("button", name="Report this picture").click()
    dialog = page.get_by_role("dialog", name="Report this picture")
    dialog.get_by_label("The colours are wrong").check()
    dialog.get_by_label("In your words").fill("greener than the photo")
    dialog.get_by_role("button", name="Report it").click()
    expect(page.locator(".said")).to_contain_text("Thank you.")
    given = client.job(shown)["billing"]["goodwill"]
    assert client.balance() == before + given
    if given:  # the month's bound may be reached: other tests report looks too
        expect(page.locator(".receipt").last).to_contain_text("10 credits returned")
        expect(page.get_by_role("button", name="Report this picture")).to_have_count(0)
    expect(page.locator(".chip").first).to_have_text("Finished")


def test_the_newcomers_two_minutes(tab: Tab, client: Client) -> None:
    """From a photo to a picture, and to a second version of it without a new upload."""
    page = tab.page
    uploads: list[str] = []
    page.on(
        "request",
        lambda one: (
            uploads.append(one.url) if one.method == "POST" and "upload" in one.url else None
        ),
    )
    tab.enter()
    tab.add("IMG_2031 tee.jpg", small("tee"))
    page.get_by_label("Category of garment 1").select_option("top")
    page.get_by_label("Your reference").fill("first try")
    first = tab.send()
    page.locator(".shown .final").wait_for()
    assert len(uploads) == 1
    page.reload()  # another day: nothing of the first run is in the tab any more
    page.evaluate("sessionStorage.clear()")
    page.reload()
    page.get_by_role("link", name="Change and run again").click()
    expect(page.locator(".garment.ready")).to_have_count(1)
    expect(page.get_by_label("Category of garment 1")).to_have_value("top")
    expect(page.get_by_label("Your reference")).to_have_value("first try")
    until(lambda: tab.complete(".garment .thumb img"), 30)
    page.get_by_label("Male", exact=True).check()
    page.get_by_text("Options").click()
    page.get_by_label("Background", exact=True).select_option("#ffffff")
    page.get_by_label("Size").select_option("1024")
    second = tab.send()
    page.locator(".shown .final").wait_for()
    assert (second != first, len(uploads)) == (True, 1)
    job = client.job(second)
    assert job["runtime_config"] == {"width": 1024, "background": "#ffffff", "layers": True}
    assert job["items"] == client.job(first)["items"]
    expect(page.locator(".shown figcaption")).to_contain_text("1,024 \u00d7 1,536 px")
    page.get_by_role("button", name="Hide garment 1, top").click()
    expect(page.locator(".peeled")).to_be_visible()
    assert page.locator(".peeled img:visible").count() == 1  # the mannequin, on white
    assert tab.complete(".peeled img")
    page.get_by_role("button", name="Show garment 1, top").click()
    expect(page.locator(".peeled")).to_be_hidden()
    answer = client.http.get(f"/v1/renders/{second}/picture")
    pixels = cv2.imdecode(np.frombuffer(io.BytesIO(answer.content).read(), np.uint8), 1)
    assert pixels is not None
    assert pixels.shape == (1536, 1024, 3)
    assert (pixels[5, 5] > 250).all()
