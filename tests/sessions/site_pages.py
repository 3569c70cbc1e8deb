"""Checks of the documentation site in build/site; `nox -s site` builds it and runs them.

No page may load anything from the network, every link between pages leads somewhere, every public name has its place in
the reference, and what the search knows lies in a script beside the pages.
"""

from __future__ import annotations

import importlib
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import ketjet
from ketjet.cli import commands
from ketjet.options import SimulatorOptions

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"
PAGES = sorted(SITE.rglob("*.html"))
WORKLOADS = sorted(path.stem for path in (ROOT / "examples").glob("*.py") if path.stem != "make_examples")
LOADING = {"src", "srcset", "poster", "data", "background"}  # and href of <link>, but for the place of another page
POINTERS = {"next", "prev", "index", "search", "author", "copyright", "canonical"}


class Page(HTMLParser):
    """What a page loads, what it links to, and the places in it that can be linked to."""

    def __init__(self, path):
        super().__init__()
        self.loads, self.links, self.anchors = [], [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values["id"]} if "id" in values else set()
        self.loads += [values[name] for name in LOADING & values.keys()]
        self.loads += re.findall(r"url\(([^)]+)\)", values.get("style", ""))
        if tag == "link" and values.get("rel") not in POINTERS:
            self.loads.append(values["href"])
        if tag == "a" and "href" in values:
            self.links.append(values["href"])


@pytest.fixture(scope="module")
def pages():
    assert PAGES, "build the site first: nox -s site"
    return {path: Page(path) for path in PAGES}


def is_local(target):
    return not urlsplit(target).netloc and urlsplit(target).scheme in ("", "data")


def test_no_page_loads_anything_from_the_network(pages):
    for path, page in pages.items():
        assert page.loads
        for target in page.loads:
            assert is_local(target), (path, target)
            if not target.startswith("data:"):
                assert (path.parent / unquote(urlsplit(target).path)).exists(), (path, target)
    for path in SITE.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        for target in [*re.findall(r"url\(\s*[\"']?([^\"')]+)", text), *re.findall(r"@import\s+[\"']([^\"']+)", text)]:
            assert is_local(target), (path, target)
    names = r'xmlns(:\w+)?="[^"]*"|<metadata>.*?</metadata>|<!DOCTYPE[^>]*>'  # look like addresses, and are not loaded
    for path in SITE.rglob("*.svg"):
        drawn = re.sub(names, "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.search(r"(href|src)=\"(https?:)?//|url\(\"?https?:", drawn), path


def test_links_between_pages_lead_somewhere(pages):
    for path, page in pages.items():
        for link in filter(is_local, page.links):
            parts = urlsplit(link)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.exists(), (path, link)
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].anchors, (path, link)


def test_every_public_name_is_in_the_reference():
    inventory = (SITE / "objects.inv").read_bytes().split(b"\n", 4)[-1]
    listed = {line.split()[0] for line in zlib.decompress(inventory).decode("utf-8").splitlines()}
    for module in ("ketjet", "ketjet.basicaer", "ketjet.errors"):
        names = set(importlib.import_module(module).__all__) - {"__version__", "errors"}
        assert {name for name in names if f"{module}.{name}" not in listed} == set()
    for kind in (ketjet.Simulator, ketjet.Job, ketjet.StateVector, SimulatorOptions):
        home = "ketjet.options" if kind is SimulatorOptions else "ketjet"
        public = {name for name in vars(kind) if not name.startswith("_")} - {"resolve", "forget_in"}
        public |= set(getattr(kind, "__dataclass_fields__", ()))
        assert {name for name in public if f"{home}.{kind.__name__}.{name}" not in listed} == set()


def test_the_command_lines_help_is_there():
    text = (SITE / "reference" / "command_line.html").read_text(encoding="utf-8")
    (choices,) = (action.choices for action in commands._parser()._actions if isinstance(action.choices, dict))
    assert {command for command in choices if f"usage: ketjet {command}" not in text} == set()


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_has_a_page_with_its_picture_and_what_it_printed(name):
    text = (SITE / "gallery" / f"{name}.html").read_text(encoding="utf-8")
    for theme in ("light", "dark"):
        assert re.search(rf'<img[^>]*only-{theme}[^>]*src="[^"]*{name}-{theme}\.svg"', text)
    assert f"python examples/{name}.py" in text


def test_the_search_needs_no_server():
    index = (SITE / "searchindex.js").read_text(encoding="utf-8")
    assert index.startswith("Search.setIndex(")
    assert all(word in index for word in ("StateVector", "exact_floor", "max_memory_mb", "repetition_code"))


def test_descriptions_of_options_are_whole():
    text = (SITE / "reference" / "options.html").read_text(encoding="utf-8")
    assert "<p>How many times the measurements are sampled. 10^9 is fine: counts cost no time per shot.</p>" in text
