"""A parser for the HTML that ketjet writes: tags must be closed in order, and are kept with the text."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"br", "meta"}


class Reader(HTMLParser):
    """What is in a page: the tags with their attributes, and the text without the style sheets."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(page)
        self.close()
        assert self.open == []

    @property
    def seen(self):
        return {tag for tag, _ in self.tags}

    def of_class(self, *names):
        """The attributes of all tags that have these classes, in order."""
        return [found for _, found in self.tags if set(names) <= set(found.get("class", "").split())]

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text += data


def width_of(tag):
    """The width of a bar, as a part of its place."""
    assert tag["width"].endswith("%")
    return float(tag["width"][:-1]) / 100
