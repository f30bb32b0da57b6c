"""The demo: a whole stack of its own, one look for each mannequin, their pictures and their
timelines.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config

from devstack.stack import Stack
from devstack.wardrobe import WARDROBE, draw

OUTFITS: dict[str, tuple[str, ...]] = {
    "MALE": ("shirt", "jeans", "shoes"),
    "FEMALE": ("tee", "skirt", "shoes"),
}
PREFIX = "users/abc/demo"
FINISH_WITHIN_S = 120.0

Say = Callable[[str], None]


class DemoFailed(Exception):
    """A look did not come back as a picture; the message says how it ended."""


def object_store(env: Mapping[str, str]) -> Any:
    """A client of the stack's S3."""
    return boto3.client(
        "s3",
        endpoint_url=env["LOOKS_S3_ENDPOINT_URL"],
        region_name=env["LOOKS_S3_REGION"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}),
    )


def upload(env: Mapping[str, str], names: set[str], folder: str = PREFIX) -> None:
    """Put drawn garments into the bucket, where the demo's tenant may name them."""
    client = object_store(env)
    for name in sorted(names):
        client.put_object(
            Bucket=env["LOOKS_S3_BUCKET"],
            Key=f"{folder}/{name}.jpg",
            Body=draw(name),
            ContentType="image/jpeg",
        )


def submit(client: httpx.Client, mannequin: str, names: tuple[str, ...]) -> str:
    """Post one look; returns its request id."""
    items = [
        {"trial_image": f"{PREFIX}/{name}.jpg", "trial_item_category": WARDROBE[name]}
        for name in names
    ]
    body = {"user_category": mannequin, "items": items, "runtime_config": {"format": "png"}}
    answer = client.post("/v1/look", json=body)
    if answer.status_code != 202:
        raise DemoFailed(f"POST /v1/look answered {answer.status_code}: {answer.text}")
    return str(answer.json()["request_id"])


def wait(client: httpx.Client, request_id: str, say: Say) -> dict[str, Any]:
    """Follow a job's events until it is terminal; returns the job. Raises DemoFailed unless it
    succeeds.
    """
    seen = 0
    give_up_s = time.monotonic() + FINISH_WITHIN_S
    while time.monotonic() < give_up_s:
        page = (
            client.get(f"/v1/jobs/{request_id}/events", params={"since": seen})
            .raise_for_status()
            .json()
        )
        for event in page["items"]:
            seen = event["seq"]
            say(
                f"  {request_id}  {event['event_type']} {event['stage'] or ''} "
                f"{event['message']}".rstrip()
            )
        job: dict[str, Any] = client.get(f"/v1/jobs/{request_id}").raise_for_status().json()
        done = job["status"] in {"SUCCESS", "FAILURE"} and page["items"] == []
        if done and job["status"] == "FAILURE":
            raise DemoFailed(f"{request_id} failed: {job['error']}")
        if done:
            return job
        time.sleep(0.2)
    raise DemoFailed(f"{request_id} did not finish within {FINISH_WITHIN_S:g} s")


def timeline(client: httpx.Client, job: Mapping[str, Any], say: Say) -> None:
    """Print when each step of a job happened."""
    say(f"{job['request_id']}  {job['status']}  {job['credits_cost']} credits")
    begun = None
    for event in (
        client.get(f"/v1/jobs/{job['request_id']}/events").raise_for_status().json()["items"]
    ):
        at = _seconds(event["created_at"])
        begun = at if begun is None else begun
        say(
            f"  +{at - begun:6.2f} s  {event['seq']:>2}  {event['event_type']:<9} "
            f"{event['stage'] or ''}"
        )


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def run(root: Path, output: Path, say: Say) -> None:
    """Start, dress, show, stop. Raises DemoFailed or StackFailed."""
    stack = Stack(root)
    stack.start(say)
    try:
        env = stack.env
        say("drawing the garments and uploading them")
        upload(env, {name for names in OUTFITS.values() for name in names})
        output.mkdir(exist_ok=True)
        headers = {"Authorization": f"Bearer {env['LOOKS_API_KEY']}"}
        with httpx.Client(base_url=env["LOOKS_API_URL"], headers=headers, timeout=30) as client:
            requests = {
                mannequin: submit(client, mannequin, names) for mannequin, names in OUTFITS.items()
            }
            jobs = {
                mannequin: wait(client, request_id, say)
                for mannequin, request_id in requests.items()
            }
            for mannequin, job in jobs.items():
                picture = (
                    httpx.get(job["artifacts"][0]["image_url"], timeout=30)
                    .raise_for_status()
                    .content
                )
                (output / f"{mannequin.lower()}.png").write_bytes(picture)
            for job in jobs.values():
                timeline(client, job, say)
        say(
            "pictures: "
            f"{', '.join(str(output / f'{mannequin.lower()}.png') for mannequin in OUTFITS)}"
        )
    finally:
        say("stopping")
        stack.stop()
