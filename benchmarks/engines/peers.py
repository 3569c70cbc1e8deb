"""Every engine and setting that is compared, by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engines.native import Lightning, Qsim, Qulacs, Scaluq
from engines.qiskit_based import Aer, Basic, Ketjet, OtherKetjet
from engines.rust import Exaqt, Prism, Qevedo

if TYPE_CHECKING:
    from engines.base import Engine


OTHER_BUILD = "ketjet-other"


@dataclass(frozen=True)
class Peer:
    """An engine at one setting, by the name used on the command line and in results."""

    name: str
    engine: type[Engine]
    text: str
    setting: dict[str, Any] = field(default_factory=dict)

    def takes(self, precision: str, num_qubits: int, start: str, prepared: bool) -> bool:
        """Whether this engine has such a precision, is meant for so many qubits and can start there."""
        starts_anywhere = self.engine.starts_anywhere and self.name != PREPARED
        able = (starts_anywhere or start != "random") and (prepared or self.name != PREPARED)
        return able and precision in self.engine.precisions and num_qubits <= self.engine.max_qubits


PEERS = {
    peer.name: peer
    for peer in (
        Peer("ketjet", Ketjet, "defaults"),
        Peer("ketjet-run", Ketjet, "a run of the backend where `ketjet` is a state that is kept", {"run": True}),
        Peer(OTHER_BUILD, OtherKetjet, "another build, of --against"),
        Peer("aer", Aer, "defaults (fusion to 5 qubits)"),
        Peer("aer-f3", Aer, "fusion to 3 qubits", {"fusion_max_qubit": 3}),
        Peer("aer-nofusion", Aer, "no fusion", {"fusion_enable": False}),
        Peer("lightning", Lightning, "defaults"),
        Peer("qsim-f2", Qsim, "fusion to 2 qubits (default)", {"fused": 2}),
        Peer("qsim-f3", Qsim, "fusion to 3 qubits", {"fused": 3}),
        Peer("qsim-f4", Qsim, "fusion to 4 qubits", {"fused": 4}),
        Peer("qulacs", Qulacs, "defaults (no optimiser)"),
        Peer("qulacs-light", Qulacs, "light optimiser", {"merge": 0}),
        Peer("qulacs-opt2", Qulacs, "optimiser to 2 qubits", {"merge": 2}),
        Peer("scaluq", Scaluq, "defaults (no optimiser)"),
        Peer("scaluq-opt2", Scaluq, "optimiser to 2 qubits", {"merge": 2}),
        Peer("prism", Prism, "defaults (there is nothing to choose)"),
        Peer("qevedo", Qevedo, "state vector method, no shots"),
        Peer("exaqt", Exaqt, "no passes"),
        Peer("exaqt-fused", Exaqt, "its fusion (to 2 qubits, diagonals to 10)", {"passes": ("fuse",)}),
        Peer("exaqt-reordered", Exaqt, "its fusion and its order of qubits", {"passes": ("fuse", "reorder")}),
        Peer("basic", Basic, "defaults"),
    )
}
PREPARED = "ketjet-run"
"""Takes part in prepared cases alone."""

OWN = ("ketjet", PREPARED)
"""Settings of the build that others are compared with."""

ENGINES = {peer.engine.key: peer.engine for peer in PEERS.values()}
