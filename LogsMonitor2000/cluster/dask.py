"""Maps the pieces of reports over a Dask cluster, and merges their states there, in the tree of `report.engine`.

Pieces are small, and so are states; the lines are read where they are mapped. A piece whose worker dies is mapped again elsewhere, and
since mapping is a pure function and the tree is fixed, the result is the same. Dask's own protocol runs the code that it is sent, so
a cluster is trusted as a shell on its machines is: reach it through its TLS, configured as Dask documents it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import UsageError, WorkerError
from ..limits import CLUSTER_RETRIES, CLUSTER_SECONDS_MAX
from ..report.base import Report, State
from ..report.engine import MergeTree, Progress, map_piece, merge_mapped
from ..report.piece import Piece

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local:"
"""An address that begins so asks for as many worker processes on this machine."""


def run_on_cluster(
    reports: Sequence[Report],
    pieces: Sequence[Piece],
    address: str,
    progress: Progress | None = None,
    warn: Callable[[str], object] = lambda text: None,
) -> list[State]:
    """The state of each report over all `pieces`, computed by the cluster at `address` (`tcp://host:8786`, or `local:4`)."""
    with _client(address) as client:
        for report in reports:
            report.prepare(pieces)
        if not pieces:
            return [report.empty() for report in reports]
        (shared,) = client.scatter([list(reports)], broadcast=True)
        mapped = [client.submit(map_piece, shared, piece, pure=False, retries=CLUSTER_RETRIES) for piece in pieces]
        tree = MergeTree(
            lambda one, other: client.submit(merge_mapped, shared, one, other, pure=False, retries=CLUSTER_RETRIES)
        )
        for future in mapped:
            tree.push(future)
        if progress is not None:
            _report_progress(mapped, progress)
        states, problems = _result(tree.root(None))
        for problem in problems:
            warn(problem)
        return list(states)


def _report_progress(futures: Sequence[Any], progress: Progress) -> None:
    from distributed import as_completed

    for done, _ in enumerate(as_completed(futures), 1):
        progress(done, len(futures))


def _result(future: Any) -> Any:
    """What a future stands for; errors of reading or of the cluster become errors of the monitor."""
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        raise WorkerError("a piece was given up after the workers that mapped it had died, one after the other") from error


@contextmanager
def _client(address: str) -> Iterator[Client]:
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise UsageError('--cluster needs the package "distributed": pip install "LogsMonitor2000[cluster]"') from error
    if address.startswith(LOCAL):
        count = address.removeprefix(LOCAL)
        if not count.isdecimal() or not 1 <= int(count) <= 64:
            raise UsageError(f"invalid cluster {address!r}: local: is followed by a number of processes from 1 to 64")
        with (
            LocalCluster(n_workers=int(count), threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(address, timeout=CLUSTER_SECONDS_MAX)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot reach a Dask scheduler at {address}: {error or 'timed out'}") from error
    with client:
        yield client
