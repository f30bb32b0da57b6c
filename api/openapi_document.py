"""The OpenAPI document: what FastAPI knows of the routes, and what it can't know."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.answer_headers import add_headers
from api.examples import add_examples
from api.links import add_links

LICENSE = {"name": "Apache 2.0", "identifier": "Apache-2.0"}
CONTACT = {"name": "Whoever runs this service: quote the X-Request-Id of the answer"}
SERVERS = [{"url": "/", "description": "where this document came from"}]
TAGS = [
    {"name": "looks", "description": "Ask for a picture."},
    {"name": "uploads", "description": "Store the photos that looks are made of."},
    {"name": "jobs", "description": "See where a look stands, follow it, cancel it."},
    {"name": "renders", "description": "Get finished pictures and what they are made of."},
    {"name": "account", "description": "The key, credits, prices and categories."},
    {"name": "webhooks", "description": "Be called when a look has finished or failed."},
]

CLOSED = ("LookRequest", "TrialItemInput")
"""Unknown fields of these are refused (`api.fields`), and by no model: older keys are warned."""


def of(app: FastAPI) -> dict[str, Any]:
    """The document of this app, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            webhooks=app.webhooks.routes,
            servers=SERVERS,
            tags=TAGS,
            contact=CONTACT,
            license_info=LICENSE,
        )
        schema["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        schema["security"] = [{"bearer": []}]
        for name in CLOSED:
            schema["components"]["schemas"][name]["additionalProperties"] = False
        add_examples(schema)
        add_links(schema)
        add_headers(schema)
        app.openapi_schema = schema
    return app.openapi_schema
