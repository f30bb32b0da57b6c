"""Operators at a screen, on the whole system: from an alert to a redriven look, and every view for
everybody.
"""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import asyncpg
import httpx
import pytest
import yaml
from playwright.sync_api import Browser, Page, expect
from ulid import ULID

from devstack.bootstrap import settings_of
from devstack.folder import CHECKOUT
from devstack.stack import Stack
from domain.api_keys import CAPABILITIES
from domain.operators import OperatorRole
from runtime.kafka import new_producer, stop_client, unbroken
from runtime.settings import KafkaSettings
from schemas.http import TrialItemInput
from schemas.topics import LOOK_QUARANTINE
from storage.acceptance import Acceptance
from storage.accounts import AccountStore
from storage.submissions import Accepted
from tests.e2e.browsing import DESKTOP, PHONE, Tab
from tests.e2e.client import Client, patiently, until
from tests.e2e.states import operators_states
from tests.e2e.test_accessibility import faults
from tests.integration.accepting import submission

VIEWS = {
    "overview": ("Overview", ".fact"),
    "letters": ("Dead letters", "tbody tr, .empty"),
    "quarantine": ("Quarantine", "tbody tr, .empty"),
    "looks?older=0": ("Waiting looks", "tbody tr, .empty"),
    "tenants": ("Tenants", "tbody tr"),
    "tenants/demo": ("demo", "form.card"),
    "erasures": ("Erasures", "form.card"),
    "audits": ("Audits", "tbody tr, .empty"),
    "actions": ("Actions", "tbody tr"),
    "operators": ("Operators", "tbody tr"),
}
"""Each view: its heading, and what is there when it has loaded."""


@pytest.fixture
def ops(browser: Browser, stack: Stack) -> Iterator[Page]:
    """A fresh tab, signed in as the stack's admin. It must not complain."""
    context = browser.new_context(viewport=DESKTOP)
    tab = Tab(context.new_page(), stack.env["LOOKS_API_URL"], stack.env["LOOKS_OPS_KEY"])
    tab.page.goto(f"{tab.address}/ops")
    tab.page.get_by_label("Operator key").fill(tab.key)
    tab.page.get_by_role("button", name="Sign in").click()
    tab.page.get_by_role("heading", name="Overview").wait_for()
    yield tab.page
    context.close()
    assert tab.unexpected == []
    assert tab.hosts == {tab.address.partition("//")[2]}


@pytest.fixture
def api(stack: Stack) -> Iterator[httpx.Client]:
    """`/ops/v1` as the admin."""
    headers = {"Authorization": f"Bearer {stack.env['LOOKS_OPS_KEY']}"}
    url = f"{stack.env['LOOKS_API_URL']}/ops/v1"
    with httpx.Client(base_url=url, headers=headers, timeout=60) as made:
        yield made


def go(page: Page, view: str) -> None:
    heading, loaded = VIEWS[view]
    page.goto(f"{page.url.partition('#')[0]}#/{view}")
    page.get_by_role("heading", name=heading, level=1, exact=True).wait_for()
    page.locator(loaded).first.wait_for()


def failed_by_us(stack: Stack, client: Client) -> str:
    """A look whose time was up before anybody could compose it, and which was refunded."""
    photo = TrialItemInput(trial_image=client.wardrobe(["tee"])["tee"], trial_item_category="top")

    async def accepted_too_late() -> str:
        asked = replace(submission(deadline_s=0.01), items=(photo,))
        async with asyncpg.create_pool(stack.env["LOOKS_DATABASE_URL"], min_size=1) as pool:
            accepted = await Acceptance(pool, batch_max=1, queue_max=1).accept(asked)
            assert isinstance(accepted, Accepted)
        return asked.request_id

    with ThreadPoolExecutor(1) as apart:  # a browser's loop runs in this thread
        request_id = apart.submit(asyncio.run, accepted_too_late()).result()
    client.finish([request_id], 120)
    return request_id


def screen_of(alert: str) -> str:
    """Where an alert leads."""
    groups = yaml.safe_load((CHECKOUT / "deploy" / "alerts.yml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    (found,) = [rule["annotations"]["screen"] for rule in rules if rule.get("alert") == alert]
    return str(found)


def test_the_operators_five_minutes(ops: Page, stack: Stack, client: Client) -> None:
    """From an alert to a redriven look, at the screen alone."""
    request_id = failed_by_us(stack, client)
    theirs = client.accepted(("users/abc/tests/never-uploaded.jpg", "top"))
    client.finish([theirs], 120)
    before = client.balance()
    worry = ops.locator(".worry", has_text="failed by our fault")
    expect(worry).to_be_visible()  # the overview asks again by itself
    worry.get_by_role("link", name="Dead letters").click()
    expect(ops.get_by_role("link", name=f"Request {request_id}")).to_be_visible()
    expect(ops.get_by_role("link", name=f"Request {theirs}")).to_have_count(0)
    ops.get_by_label("Whose fault").select_option("tenant")
    expect(ops.get_by_role("link", name=f"Request {theirs}")).to_be_visible()
    ops.goto(f"{stack.env['LOOKS_API_URL']}{screen_of('LooksExpired')}")
    row = ops.get_by_role("row").filter(has=ops.get_by_role("link", name=f"Request {request_id}"))
    expect(row).to_contain_text("expired")
    expect(row).to_contain_text("ours")
    row.get_by_role("checkbox").check()
    ops.get_by_role("button", name="Redrive…").click()
    plan = ops.get_by_role("dialog")
    expect(plan).to_contain_text("Nothing has been done yet")
    expect(plan.locator("tbody .chip")).to_have_text("Rerun")
    assert client.job(request_id)["status"] == "FAILURE"
    plan.get_by_label("Why").fill("the compositor was away")
    plan.get_by_role("button", name="Redrive 1 record").click()
    made = plan.locator("tbody td.says a")
    anew = made.text_content() or ""
    made.click()
    expect(ops.locator(".receipt .chip")).to_have_text("SUCCESS")
    expect(ops.locator(".receipt")).to_contain_text(request_id)
    assert client.job(anew)["status"] == "SUCCESS"
    assert client.balance() == before  # at no cost
    go(ops, "actions")
    done = ops.get_by_role("row").filter(has_text="the compositor was away")
    expect(done).to_contain_text("Rerun")
    expect(done).to_contain_text("dev admin")
    go(ops, "letters")
    expect(ops.get_by_role("link", name=f"Request {request_id}")).to_have_count(
        0
    )  # dealt with: no more among the open ones
    ops.get_by_label("Request id").fill(request_id.lower())
    ops.get_by_role("button", name="Open").click()
    expect(ops.locator(".receipt")).to_contain_text(anew)
    expect(ops.locator(".receipt")).to_contain_text("demo")


def test_every_route_asks_for_its_role_and_no_tenants_key_opens_any(
    stack: Stack, api: httpx.Client
) -> None:
    """The routes are those of the running API's own document; bodies are none that it takes."""
    url = stack.env["LOOKS_API_URL"]
    found = httpx.get(f"{url}/ops/openapi.json").json()
    asked = [
        (method.upper(), re.sub(r"{\w+}", str(ULID()), path), one["x-needs-role"])
        for path, methods in found["paths"].items()
        for method, one in methods.items()
        if one["x-needs-role"] != "none"
    ]
    assert len(asked) > 20
    roles = list(OperatorRole)
    keys = {
        role: api.post("/operators", json={"name": f"each {role}", "role": role}).json()
        for role in roles
    }
    strangers = (stack.env["LOOKS_API_KEY"], stack.env["LOOKS_OTHER_API_KEY"], None)
    wrong: list[tuple[object, ...]] = []
    with httpx.Client(base_url=url, timeout=60) as http:

        def code(method: str, path: str, key: str | None) -> str:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            body = {"nothing": 1} if method == "POST" else None
            answer = patiently(lambda: http.request(method, path, headers=headers, json=body))
            assert answer.status_code < 500, answer.text
            failed = answer.status_code in {401, 403}
            return str(answer.json()["error"]["code"]) if failed else "let in"

        for method, path, needs in asked:
            for key in strangers:
                wrong += [(path, key)] if code(method, path, key) != "UNAUTHENTICATED" else []
            for role in roles:
                expected = "let in" if role.may(OperatorRole(needs)) else "CAPABILITY_MISSING"
                told = code(method, path, keys[role]["key"])
                wrong += [(method, path, role, told)] if told != expected else []
    assert wrong == []
    for key in strangers[:2]:  # nor does one sign in
        answer = httpx.post(f"{url}/ops/v1/session", json={"key": key})
        assert (answer.status_code, answer.headers.get("set-cookie")) == (401, None)
    for made in keys.values():
        assert api.delete(f"/operators/{made['key_id']}").status_code < 300


def test_a_grant_is_given_once_recorded_with_its_reference_and_seen_by_the_tenant(
    ops: Page, client: Client, api: httpx.Client
) -> None:
    before = client.balance()
    go(ops, "tenants")
    ops.get_by_role("link", name="demo", exact=True).click()
    for said in ("Granted. The balance", "was granted before"):
        form = ops.get_by_role("form", name="Grant credits")
        form.get_by_label("Credits").fill("250")
        form.get_by_label("Reference").fill("ticket-4711")
        form.get_by_role("button", name="Grant").click()
        expect(ops.locator("[role=status]", has_text=said).first).to_be_visible()
    assert client.balance() == before + 250
    (action,) = [
        one for one in api.get("/actions").json()["items"] if one["reference"] == "ticket-4711"
    ]
    assert (action["verb"], action["target"], action["role"]) == ("grant", "demo", "admin")
    assert action["outcome"] == "250 credits, live"
    other = {"amount": 1, "reference": "ticket-4711"}
    assert api.post("/tenants/demo/grants", json=other).json()["error"]["code"] == "GRANT_REFUSED"
    assert client.balance() == before + 250


def test_a_quarantined_record_is_discarded_by_the_plan_that_was_shown(
    stack: Stack, api: httpx.Client
) -> None:
    async def poison() -> str:
        producer = new_producer(settings_of(KafkaSettings, stack.env), "test")
        await unbroken(producer.start())
        told = {
            "consumer": "test",
            "reason": "poison",
            "topic": "a.test",
            "partition": 0,
            "offset": 0,
        }
        headers = [(f"looks-quarantine-{name}", f"{one}".encode()) for name, one in told.items()]
        sent = await producer.send_and_wait(LOOK_QUARANTINE.name, b"?", headers=headers)
        await stop_client(producer)
        return f"{LOOK_QUARANTINE.name}[{sent.partition}]@{sent.offset}"

    with ThreadPoolExecutor(1) as apart:
        place = apart.submit(asyncio.run, poison()).result()
    listed = api.get("/quarantine", params={"consumer": "test", "unsettled": "true"}).json()
    assert place in [one["record"] for one in listed["items"]]
    order: dict[str, Any] = {"records": [place], "why": "a test's"}
    assert api.post("/quarantine/discard", json={"why": "x"}).json()["error"]["code"] == (
        "NOT_SELECTED"
    )
    dry = api.post("/quarantine/discard", json=order).json()
    assert (dry["done"], [one["verb"] for one in dry["items"]]) == (False, ["discard"])
    stale = api.post("/quarantine/discard", json={**order, "plan": "another"})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "PLAN_CHANGED")
    done = api.post("/quarantine/discard", json={**order, "plan": dry["plan"]}).json()
    assert [one["verb"] for one in done["items"]] == ["discarded"]
    again = api.post("/quarantine/discard", json={**order, "plan": dry["plan"]})
    assert again.json()["error"]["code"] == "PLAN_CHANGED"


def test_a_key_is_made_used_and_revoked_by_an_admin_at_the_screen(
    ops: Page, stack: Stack, api: httpx.Client
) -> None:
    go(ops, "operators")
    form = ops.get_by_role("form", name="New key")
    form.get_by_label("Name").fill("Grace")
    form.get_by_label("Role").select_option("viewer")
    form.get_by_role("button", name="Create key").click()
    key = ops.get_by_role("dialog").locator(".id").text_content() or ""
    ops.keyboard.press("Escape")
    theirs = {"Authorization": f"Bearer {key}"}
    url = f"{stack.env['LOOKS_API_URL']}/ops/v1"
    assert httpx.get(f"{url}/audits", headers=theirs).status_code == 200
    grant = {"amount": 1, "reference": "none"}
    assert httpx.post(f"{url}/tenants/demo/grants", headers=theirs, json=grant).status_code == 403
    ops.get_by_role("button", name="Revoke the key of Grace").first.click()
    ops.get_by_role("button", name="Revoke it").click()
    row = ops.get_by_role("row").filter(has_text="Grace").first
    expect(row).to_contain_text("revoked")
    expect(row).not_to_contain_text("never")  # its use was noted
    until(lambda: httpx.get(f"{url}/audits", headers=theirs).status_code == 401, 10)
    done = [one["verb"] for one in api.get("/actions").json()["items"]]
    assert {"add_operator", "revoke_operator"} <= {*done}
    mine = next(one for one in api.get("/operators").json()["items"] if one["current"])
    last = api.delete(f"/operators/{mine['key_id']}")
    assert (last.status_code, last.json()["error"]["code"]) == (409, "LAST_ADMIN")


def test_an_audit_is_started_and_sessions_are_ended_at_the_screen(
    ops: Page, browser: Browser, stack: Stack, api: httpx.Client
) -> None:
    go(ops, "audits")
    form = ops.get_by_role("form", name="Start an audit")
    form.get_by_label("Why").fill("after the failover")
    form.get_by_role("button", name="Start").click()
    ran = ops.get_by_role("region", name="Audits started here").locator("tbody tr").first
    expect(ran).to_contain_text("dev")
    assert api.get("/session").status_code == 200  # nobody waits for it
    expect(ran).not_to_contain_text("running", timeout=240_000)
    (run, *_) = api.get("/audits").json()["runs"]
    assert run["state"] == "finished"
    assert re.match(r"(clean|[0-9]+ violations): [0-9]+ requests, ", run["outcome"])
    expect(ran).to_contain_text(run["outcome"].splitlines()[0])
    (newest, *_) = api.get("/audits").json()["items"]
    assert newest["finished_at"] > run["at"]
    action = next(one for one in api.get("/actions").json()["items"] if one["verb"] == "audit")
    assert (action["reason"], action["outcome"]) == ("after the failover", run["outcome"])

    key = api.post("/operators", json={"name": "Hopper", "role": "viewer"}).json()["key"]
    theirs = browser.new_context()
    grace = Tab(theirs.new_page(), stack.env["LOOKS_API_URL"], key)
    grace.page.goto(f"{grace.address}/ops")
    grace.page.get_by_label("Operator key").fill(key)
    grace.page.get_by_role("button", name="Sign in").click()
    grace.page.get_by_role("heading", name="Overview").wait_for()
    go(ops, "operators")
    ops.get_by_role("button", name="End all sessions of Hopper").click()
    ops.get_by_role("button", name="End them").click()
    expect(ops.get_by_role("button", name="End all sessions of Hopper")).to_have_count(0)
    gone = "async () => (await (await fetch('/ops/v1/session')).json()).me"
    until(lambda: grace.page.evaluate(gone) is None, 10)
    theirs.close()


def test_a_tenant_is_erased_after_a_dry_run_and_its_id_once_more(
    stack: Stack, api: httpx.Client
) -> None:
    async def made() -> None:
        async with asyncpg.create_pool(stack.env["LOOKS_DATABASE_URL"], min_size=1) as pool:
            store = AccountStore(pool)
            await store.create_tenant("leaving", ["users/leaving/"])
            await store.create_key("leaving", "live", CAPABILITIES)

    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, made()).result()
    grant = {"amount": 7, "reference": "leaving-1", "why": "for leaving"}
    assert api.post("/tenants/leaving/grants", json=grant).json() == {"granted": True, "balance": 7}
    order: dict[str, Any] = {"tenant_id": "leaving"}
    assert len(api.post("/erasures", json=order).json()["hindrances"]) == 1  # its key works
    assert api.post("/erasures", json={**order, "confirm": "leaving"}).status_code == 409
    wrong = api.post("/erasures", json={**order, "confirm": "demo"})
    assert (wrong.status_code, wrong.json()["detail"][0]["loc"]) == (422, ["body", "confirm"])
    order |= {"revoke": True, "confirm": "leaving"}

    def finished() -> bool:
        (one, *_) = api.get("/erasures").json()["items"] or [{}]
        if one and not (one["running"] or one["finished_at"]):
            api.post("/erasures", json=order)  # the lake was not that far
        return bool(one and one["finished_at"])

    assert api.post("/erasures", json=order).status_code == 202
    until(finished, 120, lambda: api.get("/erasures").text)
    assert api.get("/tenants/leaving").status_code == 404
    actions = api.get("/actions").json()["items"]
    assert "leaving" not in str(actions)
    assert next(one["role"] for one in actions if one["verb"] == "erase") == "admin"
    assert ("grant", "erased", "erased") in [
        (one["verb"], one["target"], one["reference"]) for one in actions
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_shuts_anybody_out_or_is_wider_than_a_phone(ops: Page, scheme: Any) -> None:
    ops.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = {}
    for size in (DESKTOP, PHONE):
        ops.set_viewport_size(size)
        for view in VIEWS:
            go(ops, view)
            wide = ops.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            found[view, size["width"]] = (faults(ops), wide)
    assert {view: what for view, what in found.items() if what != ([], 0)} == {}


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", PHONE), ("dark", DESKTOP)], ids=["light phone", "dark desktop"]
)
def test_no_dialog_shuts_anybody_out_or_is_wider_than_its_window(
    ops: Page, client: Client, scheme: Any, size: Any
) -> None:
    client.finish([client.accepted(("users/abc/tests/never-uploaded.jpg", "top"))], 120)
    ops.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    ops.set_viewport_size(size)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    found = {state: (faults(ops), ops.evaluate(wide)) for state in operators_states(ops)}
    assert "plan" in found
    assert {state: what for state, what in found.items() if what != ([], 0)} == {}
