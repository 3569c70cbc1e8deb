"""The options of the last run, which are those of the next one more often than not: checking them again is spared."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from ketjet.options.simulator_options import SimulatorOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RecentOptions"]

NAMES = frozenset(SimulatorOptions.__dataclass_fields__)


class RecentOptions:
    """Resolves options, and knows the last ones."""

    def __init__(self) -> None:
        self._last: tuple[tuple[str, ...], tuple[Any, ...], SimulatorOptions] | None = None

    def resolve(self, defaults: Mapping[str, Any], given: Mapping[str, Any]) -> SimulatorOptions:
        """Do what `SimulatorOptions.resolve` does with two layers.

        Values are known again by identity: True is no number of shots, though it equals one.
        """
        names, values, last = (*defaults, *given), (*defaults.values(), *given.values()), self._last
        if last is not None and last[0] == names and all(map(operator.is_, values, last[1])):
            return last[2]
        resolved = SimulatorOptions.resolve(defaults, given)
        # Mappings can change, executors are not to be kept alive, and options in vain bring a warning each time.
        if resolved.plan_options is None and resolved.executor is None and NAMES.issuperset(names):
            self._last = names, values, resolved
        return resolved
