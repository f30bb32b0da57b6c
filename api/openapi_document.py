"""What the OpenAPI document says of the service as a whole; each route says the rest where it is
declared.
"""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from api import cookies

SERVERS: Final = [{"url": "/", "description": "where this document came from"}]
CONTACT: Final = {"name": "Whoever runs this service: quote the X-Request-Id of the answer"}
LICENSE: Final = {"name": "Apache 2.0", "identifier": "Apache-2.0"}
TAGS: Final = [
    {"name": "looks", "description": "Ask for a picture."},
    {"name": "uploads", "description": "Store the photos that looks are made of."},
    {"name": "jobs", "description": "See where a look stands, follow it, cancel it."},
    {"name": "renders", "description": "Get finished pictures and what they are made of."},
    {"name": "account", "description": "The key, credits, prices and categories."},
    {"name": "sessions", "description": "Sign in to the console, see where, sign out."},
    {"name": "webhooks", "description": "Be called when a look has finished or failed."},
]


class KeyedApi(FastAPI):
    """An application whose every operation needs a key.

    The gates ask for it before a route is matched (`api.gates`), and not a dependency of each
    route: so the document says it once, for all.
    """

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            document["components"]["securitySchemes"] = {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": cookies.TENANTS.name,
                    "description": "the console's: made by `POST /v1/session`, used by its own "
                    "pages alone",
                },
            }
            document["security"] = [{"bearer": []}, {"session": []}]
            self._complete(document)
        return super().openapi()

    def _complete(self, document: dict[str, Any]) -> None:
        """FastAPI writes its document without any null, and so examples that lack what their schema
        requires: each is put back as its route declares it. A summary that no route declares is
        the function's name, as words.
        """
        for context in iter_route_contexts(self.routes):
            route = context.original_route
            if not isinstance(route, APIRoute) or not route.include_in_schema:
                continue
            for method in route.methods or ():
                operation = document["paths"][route.path_format][method.lower()]
                operation["summary"] = route.summary or route.name.replace("_", " ").capitalize()
                answers = operation["responses"]
                for status, declared in route.responses.items():
                    for media_type, content in declared.get("content", {}).items():
                        if "example" in content:
                            written = answers[str(status)]["content"][media_type]
                            written["example"] = content["example"]
