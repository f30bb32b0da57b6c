"""What the console's tests do as somebody in front of a browser: a tab, what it complains of, and
the keyboard.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Page, ViewportSize

WITHIN_MS = 120_000
DESKTOP, PHONE = ViewportSize(width=1280, height=860), ViewportSize(width=360, height=740)
MAX_TABS = 80
WATCH = (
    "addEventListener('securitypolicyviolation', (event) => console.error(`blocked by the policy: "
    "${event.blockedURI}`))"
)
NAMELESS = re.compile(r"^\s*- (?:button|link|textbox|combobox|radio|img)(?::|$| \[)", re.MULTILINE)

VIEWS = {
    "new": ("New look", ".garment.ready"),
    "looks": ("Looks", ".wall li"),
    "looks/{good}": ("Top", ".layers li"),
    "looks/{bad}": ("Failed look", ".reason"),
    "credits": ("Credits", "tbody tr"),
    "webhooks": ("Webhooks", "#url"),
    "access": ("Access", "tbody tr"),
}
"""Each view: its heading, and what is there when it has loaded."""


@dataclass
class Tab:
    """A tab of the console."""

    page: Page
    address: str
    key: str
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Listen to errors, blocked loads and requests from now on."""
        self.page.set_default_timeout(WITHIN_MS)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda said: (
                self.complaints.append(said.text) if said.type in {"error", "warning"} else None
            ),
        )
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.page.add_init_script(WATCH)

    @property
    def unexpected(self) -> list[str]:
        """Complaints that the test did not provoke."""
        return [
            text for text in self.complaints if not any(known in text for known in self.expected)
        ]

    def gate(self) -> None:
        """Open the console, without a key."""
        self.page.goto(f"{self.address}/console")
        self.page.get_by_label("API key").wait_for()

    def enter(self, view: str = "New look") -> None:
        """Open the console with the key."""
        self.gate()
        self.page.get_by_label("API key").fill(self.key)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("heading", name="New look").wait_for()
        if view != "New look":
            self.page.get_by_role("navigation", name="Console").get_by_role(
                "link", name=view, exact=True
            ).click()
            self.page.get_by_role("heading", name=view, level=1).wait_for()

    def add(self, name: str, data: bytes, kind: str = "image/jpeg") -> None:
        """Choose a file, and wait until it is uploaded."""
        self.page.get_by_label("Choose files").set_input_files(
            {"name": name, "mimeType": kind, "buffer": data}
        )
        self.page.locator(".garment.ready", has_text=name).wait_for()

    def send(self) -> str:
        """Send the look; returns its request id."""
        self.page.get_by_role("button", name="Make this look").click()
        self.page.wait_for_url("**/console#/looks/*")
        return self.page.url.rpartition("/")[2]

    def tab_to(self, label: str) -> None:
        """Press the tab key until this has the focus."""
        for _ in range(MAX_TABS):
            self.page.keyboard.press("Tab")
            if label in self.focused():
                return
        raise AssertionError(f"{label!r} can't be reached by the keyboard")

    def focused(self) -> str:
        """What has the focus, by its label or its text."""
        return str(
            self.page.evaluate(
                "(e => e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? "
                "e.textContent)(document.activeElement)"
            )
        )

    def focus_is_visible(self) -> bool:
        """Whether the ring around what has the focus, or around what stands for it, is there."""
        ringed = (
            "(e => [e, e.nextElementSibling].some(one => one && getComputedStyle(one).outlineStyle "
            "=== 'solid'))"
        )
        return bool(self.page.evaluate(f"{ringed}(document.activeElement)"))

    def nameless(self) -> list[str]:
        """Controls and pictures that a screen reader has no name for."""
        return NAMELESS.findall(self.page.locator("body").aria_snapshot())

    def resized(self, size: ViewportSize) -> int:
        """By how many pixels the page scrolls sideways in a window of this size."""
        self.page.set_viewport_size(size)
        return int(
            self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )

    def wider_tables(self) -> list[str]:
        """Tables of which a part, buttons perhaps, lies outside of what is seen."""
        wider = "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.ariaLabel)"
        found: list[str] = self.page.locator(".scroll").evaluate_all(wider)
        return found

    def complete(self, selector: str) -> bool:
        """Whether all these pictures are there and loaded."""
        loaded = "all => all.length > 0 && all.every(one => one.complete && one.naturalWidth > 0)"
        return bool(self.page.locator(selector).evaluate_all(loaded))
