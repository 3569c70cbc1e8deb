"""What an option that is not ketjet's own can mean here: options of ketjet, switches of its planner, or nothing.

A value that asks for what ketjet does anyway is accepted in silence. Whatever else has no effect is told to the user,
once for all of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ketjet.options.checks import choice, flag, invalid

__all__ = [
    "IN_VAIN",
    "NOTHING",
    "Meaning",
    "Translation",
    "always",
    "constant",
    "ignored",
    "planner",
    "refused",
    "unheeded",
]


class Translation(NamedTuple):
    """What one value of such an option means here."""

    options: Mapping[str, Any]
    """Options of ketjet with their values."""
    switches: Mapping[str, bool]
    """What the planner may do, by name."""
    in_vain: bool
    """Whether it asks for something that does not exist here."""


Meaning = Callable[[str, Any], Translation]
"""Takes an option's name and value; raises OptionTypeError or InvalidOptionError for what cannot be had here."""

NOTHING = Translation({}, {}, in_vain=False)
IN_VAIN = Translation({}, {}, in_vain=True)


def constant(*allowed: str) -> Meaning:
    """Accept some strings, which all mean what ketjet does anyway."""

    def meaning(name: str, value: Any) -> Translation:
        choice(*allowed)(name, value)
        return NOTHING

    return meaning


def always(*values: Any) -> Meaning:
    """Accept anything; what is none of these values asks in vain for something else than ketjet does."""

    def meaning(_: str, value: Any) -> Translation:
        return NOTHING if value in values else IN_VAIN

    return meaning


def ignored(*_: Any) -> Translation:
    """Accept anything; it has no effect."""
    return IN_VAIN


def unheeded(*_: Any) -> Translation:
    """Accept anything, in silence: it makes no difference to a simulator."""
    return NOTHING


def planner(*switches: str) -> Meaning:
    """Accept True or False for some of the planner's switches."""

    def meaning(name: str, value: Any) -> Translation:
        return NOTHING._replace(switches=dict.fromkeys(switches, flag(name, value)))

    return meaning


def refused(reason: str) -> Meaning:
    """Refuse every value."""

    def meaning(name: str, _: Any) -> Translation:
        raise invalid(f"{name}: {reason}")

    return meaning
