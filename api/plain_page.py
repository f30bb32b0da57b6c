"""Contracts as plain pages: no script, no network, every text escaped."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any, Final

STYLE: Final = """\
:root{color-scheme:light dark;--ink:#211c17;--paper:#f7f4ee;--surface:#fffdf9;--quiet:#675e54;
--line:#dfd7ca;--mark:#e0efe6;--on-mark:#1c6546}
@media(prefers-color-scheme:dark){:root{--ink:#f2ece3;--paper:#15120f;--surface:#1f1b17;
--quiet:#b5aa9d;--line:#3a332c;--mark:#17352a;--on-mark:#86d3ab}}
*{box-sizing:border-box}
body{font:16px/1.55 system-ui,sans-serif;margin:0;color:var(--ink);background:var(--paper);
}
body:has(nav){display:grid;grid-template-columns:18rem minmax(0,1fr)}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1.5rem;border-right:1px solid
var(--line);font-size:.9rem}
nav ul{list-style:none;padding:0;margin:.25rem 0 1.25rem}nav a{display:block;padding:.25rem 0;
overflow-wrap:anywhere}
main{max-width:62rem;padding:2rem clamp(1rem,4vw,3rem) 5rem;min-width:0}
h1{font-size:2.25rem;letter-spacing:-.025em;margin:0}h2{margin:3.5rem 0 0;font-size:1.6rem}
h3{margin:0;font-size:1.15rem;overflow-wrap:anywhere}h4{margin:1.25rem 0 .4rem;font-size:1rem}
a{color:inherit;text-underline-offset:.2em}
article{margin-top:1.25rem;padding:1.25rem;border:1px solid
var(--line);border-radius:12px;background:var(--surface);scroll-margin-top:1rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .7rem .35rem
0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}th{color:var(--quiet)}
code,pre{font:.9em/1.5 ui-monospace,Menlo,Consolas,monospace}
pre{background:var(--paper);border:1px solid
var(--line);border-radius:8px;padding:.8rem;overflow:auto;margin:.4rem 0}
.method{display:inline-block;min-width:4rem;padding:0 .5rem;border-radius:6px;text-align:center;
background:var(--mark);color:var(--on-mark);font:600 .85rem/1.6 ui-monospace,monospace}
.quiet{color:var(--quiet)}summary{cursor:pointer;padding:.3rem 0}
.scroll{overflow-x:auto}.scroll table{min-width:36rem}
:focus-visible{outline:3px solid #1f5fd0;outline-offset:2px}
@media(max-width:56rem){body:has(nav){display:block}nav{position:static;height:auto;
max-height:45vh;border:0;
border-bottom:1px solid var(--line)}}"""
_DIGEST: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
TICKED: Final = re.compile(r"`([^`]+)`")

DocumentNode = Mapping[str, Any]


def page(title: str, main: Iterable[str], contents: Iterable[str] = ()) -> str:
    """The page. `main` and `contents` are markup; `title` is text."""
    head = (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><link rel=icon href=/console/icon.svg>"
        f"<style>{STYLE}</style></head><body>"
    )
    return "\n".join([head, *contents, "<main>", *main, "</main></body></html>"])


def ticked(text: str) -> str:
    """A text with `code` in it, as markup."""
    return TICKED.sub(r"<code>\1</code>", escape(text))


def example(value: object) -> str:
    """A value as it is sent, or a text as it is."""
    shown = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return f"<pre tabindex=0>{escape(shown)}</pre>"


def scrolled(label: str, parts: Iterable[str]) -> Iterator[str]:
    """What may be too wide for a phone."""
    yield f'<div class=scroll tabindex=0 role=region aria-label="{escape(label)}">'
    yield from parts
    yield "</div>"


def fields(schema: DocumentNode, document: DocumentNode) -> Iterator[str]:
    """A table of what an object holds, also inside what it holds."""
    schema = followed(schema, document)
    yield "<table><tr><th scope=col>field<th scope=col>type<th scope=col>about</tr>"
    for path, field, required in walk(schema, document):
        about = field.get("description", "")
        yield (
            f"<tr><td><code>{escape(path)}</code>{'' if required else ' (optional)'}"
            f"<td><code>{escape(kind(field, document))}</code><td>{escape(about)}</tr>"
        )
    yield "</table>"


def walk(
    schema: DocumentNode, document: DocumentNode, below: str = ""
) -> Iterator[tuple[str, DocumentNode, bool]]:
    """Every field, those of objects inside it and of items of lists below it."""
    for name, field in schema.get("properties", {}).items():
        path = f"{below}{name}"
        yield path, field, name in schema.get("required", ())
        for inner, mark in _inside(field):
            yield from walk(followed(inner, document), document, f"{path}{mark}.")


def _inside(field: DocumentNode) -> Iterator[tuple[DocumentNode, str]]:
    yield field, ""
    for alternative in field.get("anyOf", ()):
        yield alternative, ""
    if isinstance(field.get("items"), Mapping):
        yield field["items"], "[]"


def kind(field: DocumentNode, document: DocumentNode) -> str:
    """A field's type, or the values that it may have."""
    schema = followed(field, document)
    if "anyOf" in schema:
        return " or ".join(kind(one, document) for one in schema["anyOf"])
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    if values:
        return " | ".join(json.dumps(value) for value in values)
    limits = [
        f"{name} {_plain(schema[name])}"
        for name in ("format", "pattern", "minimum", "maximum", "maxLength")
        if name in schema
    ]
    return ", ".join([str(schema.get("type", "any")), *limits])


def _plain(limit: object) -> object:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


def followed(node: DocumentNode, document: DocumentNode) -> DocumentNode:
    """What a reference stands for."""
    reference = node.get("$ref")
    if reference is None:
        return node
    found: DocumentNode = document["components"]["schemas"][reference.rpartition("/")[2]]
    return found
