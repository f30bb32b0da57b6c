"""`llms.txt`: the site's pages for who reads Markdown, not HTML (llmstxt.org): a list of links,
each with what its page is about. The Markdown lies beside the HTML.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from deploy.site.contents import Section, entries

NAME: Final = "llms.txt"
MOST_LETTERS: Final = 200
_MARKUP: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[`*]")


def write(site: Path, texts: Mapping[str, str], told: Mapping[str, Any], nav: Section) -> None:
    """The list, in the order of the site's own contents, and the pages that it names."""
    (site / NAME).write_text("\n".join(_lines(told, nav, texts)) + "\n")
    for page, text in texts.items():
        (site / page).write_text(text)


def _lines(told: Mapping[str, Any], nav: Section, texts: Mapping[str, str]) -> Iterator[str]:
    yield from (f"# {told['site_name']}", "", f"> {told['site_description']}")
    for part in nav:
        for name, inside in part.items():
            yield ""
            if not isinstance(inside, str):
                yield from (f"## {name}", "")
            for title, page in entries([part] if isinstance(inside, str) else inside):
                yield f"- [{title}]({page}): {about(texts[page])}"


def about(text: str) -> str:
    """The first sentence of a page's text."""
    for block in text.split("\n\n"):
        plain = " ".join(_MARKUP.sub(lambda found: found.group(1) or "", block).split())
        if plain and plain[0].isalpha() and not block.startswith(("!", "```", "#", "|")):
            sentence = re.split(r"(?<=\.)\s", plain)[0]
            short = sentence[:MOST_LETTERS].rpartition(" ")[0]
            return sentence if len(sentence) <= MOST_LETTERS else f"{short} ..."
    return ""
