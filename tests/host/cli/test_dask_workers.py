"""`filmgauge size --workers`: how it ends when a scheduler or its workers fail."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

import pytest
from click.testing import CliRunner

import filmgauge_sim
from filmgauge_host.cli.app import main
from filmgauge_host.cli.dask_workers import DaskWorkers, dask_workers
from filmgauge_host.errors import FilmgaugeError, InputError
from filmgauge_sim.nodes.description import to_toml
from filmgauge_sim.scenario.loading import load_scenario

_SOURCE = Path(filmgauge_sim.__path__[0])


@contextmanager
def scheduler(workers: int) -> Iterator[Any]:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=False, dashboard_address=":0",
        protocol="tcp://",
    ) as cluster:  # fmt: skip
        yield cluster


def without_workers(cluster: Any) -> None:
    """Send them away, so that nothing that is asked for is ever done."""
    cluster.scale(0)
    while cluster.scheduler.workers:
        sleep(0.01)


@contextmanager
def worker_of(folder: Path, address: str) -> Iterator[None]:
    """A process that has the simulation from a folder."""
    path = os.pathsep.join((str(folder), *sys.path))
    command = ("-m", "dask", "worker", address, "--no-nanny", "--no-dashboard")
    process = subprocess.Popen(
        [sys.executable, *command], env={**os.environ, "PYTHONPATH": path}, cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.kill()
        process.wait()


def checked(workers: DaskWorkers, future: "Future[Any]") -> Any:
    """Wait for a result as sizing does."""
    while not future.done():
        workers.check()
        sleep(0.02)
    return future.result()


def test_a_scheduler_without_workers_is_not_waited_for() -> None:
    with (
        scheduler(workers=0) as cluster,
        pytest.raises(InputError, match=r"the scheduler has no worker$"),
        dask_workers(cluster.scheduler_address, first_s=0.1),
    ):
        pass


def test_the_last_worker_that_goes_ends_the_computing() -> None:
    with (
        scheduler(workers=1) as cluster,
        dask_workers(cluster.scheduler_address, absent_s=0.1) as workers,
    ):
        assert checked(workers, workers.executor.submit(abs, -1)) == 1
        without_workers(cluster)
        with pytest.raises(FilmgaugeError, match=r"has had no worker for 0\.1 s$"):
            checked(workers, workers.executor.submit(abs, -2))


def test_the_command_does_not_wait_for_workers_that_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = tmp_path / "node.toml"
    node.write_text(to_toml(load_scenario("window").node[0].description))
    impatient = partial(dask_workers, absent_s=0.1)
    monkeypatch.setattr("filmgauge_host.cli.dask_workers.dask_workers", impatient)
    monkeypatch.setattr(DaskWorkers, "join", lambda _workers, _first_s: None)
    with scheduler(workers=0) as cluster:
        options = ("--world", "office", "--years", "0.06", "--workers", cluster.scheduler_address)
        done = CliRunner().invoke(main, ["size", str(node), *options])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.endswith("the scheduler has had no worker for 0.1 s\n")


def end(cluster: Any) -> None:
    cluster.close()


def break_connection(cluster: Any) -> None:
    """dask connects again by itself, but what was asked for is cancelled."""
    for stream in cluster.scheduler.client_comms.values():
        cluster.loop.add_callback(stream.comm.abort)


@pytest.mark.parametrize("lose", [end, break_connection])
def test_a_scheduler_that_is_lost_is_one_sentence(
    lose: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def lost(cluster: Any) -> None:
        with dask_workers(cluster.scheduler_address, connect_s=4.0) as workers:
            without_workers(cluster)
            waiting = workers.executor.submit(abs, -1)
            lose(cluster)
            checked(workers, waiting)

    with (
        scheduler(workers=1) as cluster,
        pytest.raises(FilmgaugeError, match=r"connection to the scheduler is lost$"),
    ):
        lost(cluster)
    assert not [each for each in caplog.records if each.name == "distributed.client"]


def older(folder: Path) -> None:
    """A simulation that has no sizing."""
    (folder / "filmgauge_sim").mkdir()
    (folder / "filmgauge_sim" / "__init__.py").touch()


def changed(folder: Path) -> None:
    """A simulation that computes without any error, but other numbers."""
    copy = folder / "filmgauge_sim"
    shutil.copytree(_SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    years = copy / "sizing" / "years.py"
    years.write_text(years.read_text() + "\n_OTHER = 1\n")


@pytest.mark.parametrize("source", [older, changed])
def test_a_worker_of_another_source_is_refused_by_name(source: Any, tmp_path: Path) -> None:
    source(tmp_path)
    with (
        scheduler(workers=0) as cluster,
        worker_of(tmp_path, cluster.scheduler_address),
        pytest.raises(InputError, match=r"the worker tcp://.* does not run the filmgauge of this"),
        dask_workers(cluster.scheduler_address, first_s=60.0),
    ):
        pass


def die() -> None:
    """As a worker whose process the kernel ends, for the scheduler."""
    from distributed import get_worker

    worker, gone = get_worker(), Event()

    def leave() -> None:
        assert worker.batched_stream.comm is not None
        worker.batched_stream.comm.abort()
        gone.set()

    worker.loop.add_callback(leave)
    gone.wait()


def test_a_part_that_kills_its_workers_names_one() -> None:
    import dask.config

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        scheduler(workers=1) as cluster,
        pytest.raises(FilmgaugeError, match=r"workers died computing, the last of them tcp://"),
        dask_workers(cluster.scheduler_address) as workers,
    ):
        checked(workers, workers.executor.submit(die))
