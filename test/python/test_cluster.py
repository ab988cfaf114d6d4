import contextlib
import os
import signal
import subprocess
import sys
import time

import nets
import numpy as np
import octet
import onnx
import pytest
from nets import refusal
from octet import _driver, _shards, cluster
from octet.errors import BadData, RefusedOptions

distributed = pytest.importorskip("distributed")

X = nets.random(60, 1, 8, 8)
Y = np.arange(60) % 10


@contextlib.contextmanager
def workers(number=2, restarted=True):
    """A client of a cluster of as many processes, which are restarted if they die."""
    with distributed.LocalCluster(n_workers=number if restarted else 0,
                                  threads_per_worker=1, processes=True,
                                  dashboard_address=":0") as local, \
            distributed.Client(local) as client:
        command = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-nanny",
                   "--no-dashboard", "--nthreads", "1", local.scheduler_address]
        own = [] if restarted else [
            subprocess.Popen(command, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL) for _ in range(number)]
        try:
            client.wait_for_workers(number, timeout=60)
            yield client
        finally:
            for worker in own:
                worker.kill()
                worker.wait()


@pytest.fixture(scope="module")
def client():
    with workers() as client:
        yield client


@pytest.fixture(scope="module")
def model():
    return octet.Model(nets.classifier())


@pytest.fixture
def small_shards(monkeypatch):
    """Shards of 6 samples."""
    monkeypatch.setattr(_shards, "SENT_BYTES", 6 * X[0].nbytes)


def pids(client):
    return client.run(os.getpid)


@pytest.mark.parametrize("data", [lambda: X, lambda: iter([X[:10], X[10:]])],
                         ids=["known", "unknown"])
def test_calibrate(data, client, model, small_shards):
    expected = octet.calibrate(model, X)
    assert octet.calibrate(model, data(), cluster=client) == expected


def test_shards_are_as_many_as_workers_need(client, model, small_shards, monkeypatch):
    counts = []
    spread = cluster.spread

    def counting(*given):
        results = list(spread(*given))
        counts.append(len(results))
        return results
    monkeypatch.setattr(cluster, "spread", counting)
    # Of 15 samples, two for each worker; of 6, since there may be any number; of 24,
    # since there are no larger ones.
    for data in (X, iter([X]), np.concatenate([X] * 2)):
        octet.calibrate(model, data, cluster=client)
    assert counts == [4, 10, 5]


def test_one_shard(client, model):
    assert octet.calibrate(model, X, cluster=client) == octet.calibrate(model, X)


def test_one_worker(model, small_shards):
    with workers(1) as client:
        assert octet.calibrate(model, X, cluster=client,
                               method="minmax") == octet.calibrate(model, X,
                                                                   method="minmax")


def test_graphs_and_weights_beside_the_model(client, tmp_path, small_shards):
    onnx.save(nets.classifier(), tmp_path / "net.onnx", save_as_external_data=True,
              size_threshold=0)
    _driver.run(["import", tmp_path / "net.onnx", "-o", tmp_path / "net.mlir"])
    expected = octet.calibrate(nets.classifier(), X[:20])
    for name in ("net.onnx", "net.mlir"):
        assert octet.calibrate(tmp_path / name, X[:20], cluster=client) == expected


@pytest.mark.parametrize("batch", [7, 60])
def test_evaluate(batch, client, model):
    program = octet.compile(model)
    expected = octet.evaluate(program, (X, Y))
    assert octet.evaluate(program, (X, Y), cluster=client, batch=batch) == expected
    assert octet.evaluate(model, (X, Y), cluster=client, threads=2) == expected
    outputs = octet.evaluate(program, (X, Y), cluster=client, batch=batch,
                             metric=lambda y, _: y)
    np.testing.assert_array_equal(outputs, program(X))


def test_errors_come_from_workers(client, model):
    refusal(BadData, lambda: octet.evaluate(model, (X, Y + 5), cluster=client),
            "entry 5 of array 'labels' is 10")


def test_progress(client, model, small_shards, capsys):
    octet.calibrate(model, X[:12], cluster=client, progress=True)
    assert "shards" in capsys.readouterr().err


class Killing:
    """Kills a worker with the first calls under way."""

    def __init__(self, client, batches):
        self.victim = next(iter(pids(client).values()))
        self.batches = batches

    def __iter__(self):
        for i, batch in enumerate(self.batches):
            # Four calls are under way or wait for two workers.
            if i == 5:
                os.kill(self.victim, signal.SIGKILL)
            yield batch


@pytest.mark.parametrize("restarted", [True, False], ids=["restarted", "gone"])
@pytest.mark.parametrize("function", [octet.calibrate, octet.evaluate])
def test_a_lost_worker(function, restarted, model, small_shards):
    batches = [(X[i:i + 6], Y[i:i + 6]) for i in range(0, 60, 6)]
    expected = function(model, (X, Y))
    with workers(restarted=restarted) as client:
        killing = Killing(client, batches)
        assert function(model, killing, cluster=client) == expected
        assert killing.victim not in pids(client).values()


def die(common, number):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_call_that_kills(client):
    refusal(octet.Error, lambda: list(cluster.spread(client, die, None, [(1,)])),
            "workers died of the same part of the data again and again")


def sleep(common, number):
    time.sleep(0.05)
    return common + number


def test_order_and_how_far_ahead(client):
    taken = []

    def arguments():
        for i in range(12):
            taken.append(i)
            yield (i,)
    results = cluster.spread(client, sleep, 100, arguments())
    assert next(results) == 100
    assert len(taken) <= 5
    assert list(results) == list(range(101, 112))


def test_the_rest_is_cancelled(client):
    results = cluster.spread(client, sleep, 0, ((i,) for i in range(100)))
    next(results)
    results.close()
    deadline = time.monotonic() + 10
    while client.processing() and any(client.processing().values()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_workers_do(model, tmp_path):
    _shards.write_npz(tmp_path / "data.npz", {"x": [X]})
    model_path = tmp_path / "net.onnx"
    model_path.write_bytes(nets.classifier().SerializeToString())
    _driver.run(["import", model_path, "-o", tmp_path / "net.mlir"])
    found = octet.Ranges(cluster.observe((tmp_path / "net.mlir").read_bytes(),
                                         (tmp_path / "data.npz").read_bytes(),
                                         ["--threads", "2"]))
    whole = octet.calibrate(model, X)
    assert found.samples == 60
    assert found.sqnr_db == {}
    for name, value in whole.items():
        np.testing.assert_array_equal(found[name].counts, value.counts)


def test_no_client(model, client, monkeypatch):
    refusal(RefusedOptions, lambda: octet.calibrate(model, X, cluster="tcp://1.2.3.4:1"),
            "cluster cannot be str; give a distributed.Client that is not asynchronous")
    monkeypatch.setitem(sys.modules, "distributed", None)
    refusal(RefusedOptions, lambda: octet.evaluate(model, (X, Y), cluster=client),
            'pip install "octet[cluster]"')
