"""The processes of an MPI launcher as one simulator: rank 0 runs a script, the others what it asks of them."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ketjet import engine
from ketjet.base.warnings import warn
from ketjet.errors import RanksError
from ketjet.options.machine import allowed_threads, launched_ranks
from ketjet.ranks.meeting import cores_of_rank, end_all, mpi4py_or_error, require_equal_versions
from ketjet.ranks.mpi_peers import MpiPeers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from ketjet.engine import Control, Outcome, Task

__all__ = ["Ranks"]

_T = TypeVar("_T")

TASK, STOP, END = 1, 2, 3
"""Tags of what rank 0 sends to the others: a task, the number of one that is to be stopped, that there are no more."""

LOOK_SECONDS = 0.02
"""How often a rank looks whether its task is to be stopped."""

WAIT_SECONDS = 0.001
"""How often a rank that has nothing to do looks for a task; MPI's own waiting would take a whole core."""


class Ranks:
    """Processes that share out the states that none of them can hold, or that all together are faster with.

    Every process of the launcher makes one, and enters it as a context. Rank 0 then goes on, with ``Simulator(ranks=
    ranks)``; the others serve it until it leaves, and get None.

    Parameters
    ----------
    comm
        A communicator of mpi4py; default: that of all processes.
    share_from
        States of fewer qubits are not shared out: rank 0 runs their circuits by itself.

    Raises
    ------
    RanksError
        On all ranks: mpi4py is missing, or is for another MPI than the launcher, or the ranks have different versions
        of ketjet or Qiskit.

    Examples
    --------
    ``mpirun -n 4 python script.py``, with::

        with Ranks() as ranks:
            if ranks is not None:
                print(Simulator(ranks=ranks).run(circuit).result().get_counts())
    """

    def __init__(self, comm: Any = None, *, share_from: int = 27) -> None:
        mpi = mpi4py_or_error()
        world = mpi.COMM_WORLD if comm is None else comm
        self._excepthook = sys.excepthook
        if world.Get_size() > 1:
            sys.excepthook = partial(end_all, mpi, self._excepthook)  # all may run the same script
        launched = launched_ranks()
        if comm is None and world.Get_size() != launched and launched > 1:
            library = mpi.Get_library_version().splitlines()[0].strip()
            raise RanksError(
                f"the launcher has started {launched} processes, but mpi4py sees {world.Get_size()}: it uses "
                f"another MPI ({library}). Install an mpi4py for this MPI, or take the launcher of that one."
            )
        require_equal_versions(world)
        size = 1 << (world.Get_size().bit_length() - 1)
        self._active = world.Get_rank() < size
        group = world.Split(0 if self._active else 1, world.Get_rank())
        self._commands = world.Dup()
        self._mpi = mpi
        self.size: int = size
        """How many ranks share states out: the largest power of two."""
        self.idle: int = world.Get_size() - size
        """How many others there are, which do nothing."""
        self.rank: int = world.Get_rank()
        """The number of this one."""
        self.share_from: int = share_from
        """The least qubits of a state that is shared out."""
        self.global_qubits: int = size.bit_length() - 1
        """The qubits whose values number the ranks."""
        self._group = group
        self._peers = MpiPeers(group) if self._active else None
        node = world.Split_type(mpi.COMM_TYPE_SHARED)
        on_node = node.Get_size()
        self.threads: int = allowed_threads(None, cores_of_rank(node))
        """Engine threads of this rank, where a run may take all of them."""
        self._on_node: int = on_node
        self.available_bytes: int = min(world.allgather(engine.available_memory()[0] // on_node))
        """The memory that every rank had when they met."""
        self._several_threads = mpi.Query_thread() >= mpi.THREAD_MULTIPLE
        self._turn = threading.Lock()
        self._number = 0  # of the last task
        self._running: Control | None = None  # of the present one
        self._ended = False
        if self.idle and self.rank == 0:
            warn(f"{world.Get_size()} ranks are no power of two: {size} share states out, {self.idle} idle.")

    def __enter__(self) -> Ranks | None:
        sys.excepthook = self._excepthook  # they do not
        if self.rank == 0:
            return self
        self._serve()
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the task that runs, if there is one, and let the other ranks go on behind their ``with``."""
        if self.rank == 0 and not self._ended:
            self._ended = True
            if (running := self._running) is not None:
                running.stop()
            with self._turn:
                self._tell(END, None)

    def meet(self, call: str) -> None:
        """Make sure that all ranks make the same call; each of them is at it when this returns.

        Raises
        ------
        RanksError
            On all ranks: they do not.
        """
        calls = self._group.allgather(call)
        if different := [rank for rank, other in enumerate(calls) if other != calls[0]]:
            rank = different[0]
            raise RanksError(
                f"all ranks have to make the same calls: rank 0 {calls[0]}, but rank {rank} {calls[rank]}."
            )

    def told_by_all(self, what: _T) -> list[_T]:
        """Return what each rank gives that shares states out, in their order."""
        told: list[_T] = self._group.allgather(what)
        return told

    def told_by_first(self, what: _T) -> _T:
        """Return what rank 0 gives, on all that share states out."""
        told: _T = self._group.bcast(what, 0)
        return told

    @property
    def peers(self) -> MpiPeers:
        """What the engine is given of the other ranks, by those that share states out.

        Raises
        ------
        RanksError
            This rank is idle.
        """
        if self._peers is None:
            raise RanksError(f"rank {self.rank} is idle: {self.size} ranks share states out.")
        return self._peers

    def free_bytes(self, here: int) -> int:
        """Return what each rank may take, where so much is free on the computer of rank 0."""
        return min(here // self._on_node, self.available_bytes)

    @property
    def can_take_tasks(self) -> bool:
        """Whether the others still serve."""
        return not self._ended

    def execute(self, task: Task, control: Control | None = None) -> Outcome:
        """Run a task, on all ranks if its plan shares its state out; as `ketjet.engine.execute`, on rank 0."""
        if task.plan is None or not task.plan.global_qubits:
            return engine.execute(task, control)
        control = engine.Control() if control is None else control
        while not self._turn.acquire(timeout=LOOK_SECONDS):
            if control.stopped:
                raise engine.Cancelled
        try:
            if self._ended:
                raise RanksError("these ranks have left their `with`, and take no more tasks.")
            self._running = control
            self._number += 1
            self._tell(TASK, (self._number, task))
            with self._passing_on(control):
                return engine.execute(task, control, peers=self._peers)
        except engine.Cancelled:
            if control.stopped:
                raise
            raise RanksError("another rank was interrupted.") from None
        finally:
            self._running = None
            self._turn.release()

    def __repr__(self) -> str:
        return f"<Ranks: number {self.rank} of {self.size}, {self.threads} threads each>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError("ranks belong to their processes and cannot be pickled")

    def _tell(self, tag: int, what: Any) -> None:
        for rank in range(1, self._commands.Get_size()):
            if tag == END or rank < self.size:
                self._commands.send(what, rank, tag)

    @contextlib.contextmanager
    def _passing_on(self, control: Control) -> Iterator[None]:
        """Meanwhile, tell the others when the task is to be stopped."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(LOOK_SECONDS):
                if control.stopped:
                    self._tell(STOP, self._number)
                    return

        yield from self._beside(watch, over)

    @contextlib.contextmanager
    def _listening(self, number: int, control: Control) -> Iterator[None]:
        """Meanwhile, stop the task when rank 0 says so."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(LOOK_SECONDS):
                self._hear_stops(number, control)

        yield from self._beside(watch, over)

    def _beside(self, watch: Any, over: threading.Event) -> Iterator[None]:
        watcher = threading.Thread(target=watch, name="ketjet-ranks", daemon=True) if self._several_threads else None
        if watcher is not None:
            watcher.start()
        try:
            yield
        finally:
            over.set()
            if watcher is not None:
                watcher.join()

    def _hear_stops(self, number: int, control: Control | None) -> None:
        while self._commands.Iprobe(0, STOP):
            if self._commands.recv(source=0, tag=STOP) == number and control is not None:
                control.stop()

    def _serve(self) -> None:
        """Run what rank 0 sends until it sends no more; what goes wrong here ends all, for they wait for this one."""
        try:
            self._run_tasks()
        except BaseException:  # noqa: BLE001 - whatever it is
            traceback.print_exc()
            self._mpi.COMM_WORLD.Abort(1)

    def _run_tasks(self) -> None:
        status = self._mpi.Status()
        while True:
            while not self._commands.Iprobe(0, self._mpi.ANY_TAG, status):
                time.sleep(WAIT_SECONDS)
            if status.Get_tag() == END:
                self._commands.recv(source=0, tag=END)
                return
            if status.Get_tag() == STOP:  # of a task that has ended
                self._hear_stops(0, None)
                continue
            number, task = self._commands.recv(source=0, tag=TASK)
            control = engine.Control()
            with self._listening(number, control), _interrupts_stop(control), contextlib.suppress(Exception):
                engine.execute(task._replace(threads=self.threads), control, peers=self._peers)  # rank 0 fails likewise


@contextlib.contextmanager
def _interrupts_stop(control: Control) -> Iterator[None]:
    """Let Ctrl-C stop a task: rank 0 hears of it, and says so to whoever waits."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: control.stop())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
