"""`python -m bench.screens [FOLDER]`: the console's views as pictures, from the stack of `make up`
and garments that the project draws. Without a folder: the two that the docs show.

Needs Chromium (`make browser`). Reads LOOKS_API_URL and LOOKS_API_KEY as `.dev/env` has them.
"""

import io
import os
import sys
import tempfile
import time
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

from bench.pictures import PICTURES, QUALITY
from devstack.wardrobe import WARDROBE, draw

CHROMIUM = "/usr/bin/chromium"
SIZES: dict[str, ViewportSize] = {
    "desktop": ViewportSize(width=1280, height=860),
    "phone": ViewportSize(width=390, height=844),
}
OUTFITS = (
    ("MALE", ("tee", "jacket", "jeans", "shoes"), "SS26-014"),
    ("FEMALE", ("sweater", "skirt", "shoes"), "SS26-015"),
    ("MALE", ("tee", "blazer", "trousers", "shoes"), "SS26-021"),
    ("FEMALE", ("stripe-tee", "jeans", "shoes"), "SS26-022"),
    ("MALE", ("shirt", "trousers", "shoes"), "SS26-030"),
    ("FEMALE", ("dress", "shoes"), "SS26-031"),
    ("MALE", ("hoodie", "jeans", "shoes"), "SS26-034"),
    ("FEMALE", ("tee", "skirt", "shoes"), "SS26-040"),
)
SHOWN_IN_DOCS = {"look": "console-look.webp", "looks": "console-looks.webp"}
LOADED = """[...document.querySelectorAll('.wall li')].slice(0, 8).every((card) => {
  const picture = card.querySelector('img'); return picture?.complete && picture.naturalWidth > 0;
}) && [...document.images].every((one) => !one.offsetParent || !one.src || one.complete)"""
WITHIN_MS = 60_000


def made(api: httpx.Client) -> str:
    """Looks for the wall; the last one's id."""
    request_id = ""
    for mannequin, names, reference in OUTFITS:
        items = []
        for name in names:
            photo = {"file": (f"{name}.jpg", draw(name), "image/jpeg")}
            sent = api.post("/v1/uploads", files=photo)
            key = sent.raise_for_status().json()["upload_key"]
            items.append({"trial_image": key, "trial_item_category": WARDROBE[name]})
        body = {"user_category": mannequin, "items": items, "reference": reference}
        accepted = api.post("/v1/look?wait=30", json=body).raise_for_status().json()
        request_id = str(accepted["request_id"])
    return request_id


def views(request_id: str) -> dict[str, tuple[str, str]]:
    """By name: the address below the console, and what is there when it has loaded."""
    return {
        "new": ("new", "#files, .samples"),
        "looks": ("looks", ".wall img"),
        "look": (f"looks/{request_id}", ".shown .final"),
        "credits": ("credits", "tbody tr"),
        "webhooks": ("webhooks", "#url"),
        "access": ("access", "tbody tr"),
    }


def shot(page: Page, address: str, there: str) -> bytes:
    """The view as PNG, once it has loaded and stands still."""
    page.goto(address)
    page.locator(there).first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    until = time.monotonic() + WITHIN_MS / 1000
    while not page.evaluate(LOADED):  # the page's own policy lets nothing else ask
        if time.monotonic() > until:
            raise TimeoutError(f"pictures of {address} are still missing")
        page.wait_for_timeout(100)
    return page.screenshot(animations="disabled")


def main() -> None:
    """Make looks, sign in, and take each view, light and dark, wide and narrow."""
    url, key = os.environ["LOOKS_API_URL"], os.environ["LOOKS_API_KEY"]
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as api:
        request_id = made(api)
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as profile:
        browser = driver.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=["--no-sandbox"], viewport=SIZES["desktop"]
        )
        page = browser.pages[0]
        page.set_default_timeout(WITHIN_MS)
        page.goto(f"{url}/console")
        page.get_by_label("API key").fill(key)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="New look").wait_for()
        for size, viewport in SIZES.items():
            page.set_viewport_size(viewport)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                for name, (path, there) in views(request_id).items():
                    keep(shot(page, f"{url}/console#/{path}", there), folder, name, size, scheme)
        browser.close()


def keep(data: bytes, folder: Path | None, name: str, size: str, scheme: str) -> None:
    """In the folder, or where the docs have it."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}-{size}-{scheme}.png").write_bytes(data)
    elif (size, scheme) == ("desktop", "light") and name in SHOWN_IN_DOCS:
        picture = Image.open(io.BytesIO(data)).convert("RGB")
        picture.save(PICTURES / SHOWN_IN_DOCS[name], quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
