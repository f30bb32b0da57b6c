"""What the docs' pages say to type is typed, on the whole system: what no other test runs already
(`tests.docs_lines` says who runs what).
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import httpx

from devstack.folder import CHECKOUT
from devstack.stack import Stack
from tests.docs_lines import HERE, lines, run_by
from tests.e2e.client import Client

WITHIN_S = 400
IN_ONE_PROCESS = """
import json, os, shlex, sys
from pathlib import Path
from cli.main import app
ended = []
for page, line in json.load(sys.stdin):
    folder = Path(page.replace("/", "_"))
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    try:
        app(shlex.split(line), prog_name="looks")
    except SystemExit as said:
        ended.append([page, line, said.code or 0])
    os.chdir("..")
json.dump(ended, open("ended.json", "w"))
"""
"""Starting Python for each line would take longer than all that the lines do."""
ADDRESS = "https://cdn.example.com/shirt-1.jpg"
HOOK = "https://example.com/hooks/looks"
NOWHERE = "http://127.0.0.1:9/hook"


def of_looks(line: str) -> str | None:
    """The words behind `looks`; None: it is another program's."""
    found = re.fullmatch(r"(?:\.venv/bin/)?looks (.*)", line)
    return found[1] if found else None


def to_type() -> list[tuple[str, str]]:
    return [(page, line) for page, line in lines() if (by := run_by(page, line)) and by[2] == HERE]


def test_requests_by_curl_are_answered_as_they_stand_on_the_pages(
    stack: Stack, client: Client
) -> None:
    client.wardrobe(["tee", "skirt"], "users/abc/wardrobe")
    photo = client.wardrobe(["tee"])["tee"]
    client.put("users/abc/trial/shirt-1.jpg", b"no picture: the look is accepted and refunded")
    known = {"ID": client.accepted((photo, "top"))}
    asked = [(page, line) for page, line in to_type() if of_looks(line) is None]
    assert len(asked) > 10
    for page, line in asked:
        typed = line.replace(ADDRESS, photo).replace(HOOK, NOWHERE)
        typed = re.sub(r"01M86RZTNEBKK9NMXH0785GMJD|01M8\.\.\.", known["ID"], typed)
        if shutil.which("jq") is None:
            typed = typed.partition(" | jq")[0]
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", typed.replace("curl ", "curl --fail-with-body ")],
            env={**os.environ, **stack.env, **known},
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
        assert done.returncode == 0, (page, line, done.stdout, done.stderr)
        assert done.stdout, (page, line)
        if made := re.search(r'"(?:id|request_id)":\s*"([^"]+)"', done.stdout):
            known["ID"] = made[1]
        if "/batch" in line:
            assert json.loads(done.stdout)["accepted"] == 1, done.stdout
    for hook in client.http.get("/v1/webhooks").json()[
        "items"
    ]:  # or others' looks are told there too
        if hook["url"] == NOWHERE:
            client.http.delete(f"/v1/webhooks/{hook['id']}")
    asked_for = client.http.get("/v1/jobs", params={"reference": "order-1042"}).json()
    told = [one["metadata"] for one in asked_for["items"]]
    assert {"sku": "TS-1042-M", "campaign": "spring"} in told


def test_commands_of_looks_end_well_as_they_stand_on_the_pages(
    stack: Stack, client: Client, tmp_path: Path
) -> None:
    request_id = client.accepted((client.wardrobe(["tee"])["tee"], "top"))
    client.finish([request_id])
    url = f"{stack.env['LOOKS_API_URL']}/ops/v1"
    admin = {"Authorization": f"Bearer {stack.env['LOOKS_OPS_KEY']}"}
    new = {"name": "Lovelace", "role": "viewer"}
    gone, signed_in = (httpx.post(f"{url}/operators", json=new, headers=admin) for _ in range(2))
    key = {"key": signed_in.json()["key"]}
    assert httpx.post(f"{url}/session", json=key).status_code == 201
    named = {
        "KEY_ID": gone.json()["key_id"],
        "OPERATOR_ID": signed_in.json()["key_id"],
        "01J...": request_id,
    }
    typed = defaultdict(list)
    for page, line in to_type():
        if words := of_looks(line):
            for name, text in named.items():
                words = words.replace(name, text)
            typed[page].append((page, words))
    asked = [one for of_page in typed.values() for one in of_page]
    assert len(asked) > 12
    done = subprocess.run(
        [sys.executable, "-c", IN_ONE_PROCESS],
        cwd=tmp_path,
        env={**os.environ, **stack.env, "PYTHONPATH": str(CHECKOUT)},
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ended = json.loads((tmp_path / "ended.json").read_text())
    assert [one for one in ended if one[2] != 0] == [], done.stderr
    assert len(ended) == len(asked)
    assert request_id in done.stdout
    assert (tmp_path / "docs_replaying.md" / "looks.duckdb").is_file()
    assert request_id in (tmp_path / "docs_replaying.md" / "demo.jsonl").read_text()
    keys = {
        one["key_id"]: one for one in httpx.get(f"{url}/operators", headers=admin).json()["items"]
    }
    assert keys[named["KEY_ID"]]["revoked_at"] is not None
    sessions = httpx.get(f"{url}/sessions", headers=admin).json()["items"]
    assert named["OPERATOR_ID"] not in {one["operator_id"] for one in sessions}
