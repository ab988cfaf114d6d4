"""Answers requests with a saved program, from several threads.

    serve.py quantized.so [--threads N] [--requests N]

It needs neither the compiler nor PyTorch: octet.runtime is NumPy and ctypes. The
program runs without Python's lock, so that threads share the machine's cores.
"""

import argparse
import queue
import threading
import time

import numpy as np
from octet import runtime


class Server:
    """Threads that take requests from a queue and run each in a program."""

    def __init__(self, program, threads):
        self._program = program
        self._requests = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, inputs):
        """A queue that will have the outputs and when they were ready."""
        answer = queue.SimpleQueue()
        self._requests.put((inputs, answer))
        return answer

    def _work(self):
        while (request := self._requests.get()) is not None:
            inputs, answer = request
            try:
                answer.put((self._program.run(inputs), time.perf_counter()))
            except runtime.Error as error:
                answer.put((error, time.perf_counter()))

    def close(self):
        for _ in self._threads:
            self._requests.put(None)
        for thread in self._threads:
            thread.join()


def one_sample(program, rng):
    """Random inputs of one sample."""
    return {t.name: rng.random((1, *t.shape[1:]) if t.symbolic_batch else t.shape
                               ).astype(t.dtype) for t in program.inputs}


def serve(program, threads, requests):
    """Latencies of requests in ms, one being sent when another has been answered."""
    samples = [one_sample(program, np.random.default_rng(i)) for i in range(16)]
    expected = [program.run(sample) for sample in samples]
    server = Server(program, threads)
    latencies = []

    def client(number):
        for i in range(number, requests, threads):
            start = time.perf_counter()
            outputs, ready = server.submit(samples[i % 16]).get()
            if isinstance(outputs, runtime.Error):
                raise outputs
            for name, value in expected[i % 16].items():
                np.testing.assert_array_equal(outputs[name], value)
            latencies.append((ready - start) * 1e3)

    clients = [threading.Thread(target=client, args=(n,)) for n in range(threads)]
    start = time.perf_counter()
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    seconds = time.perf_counter() - start
    server.close()
    if len(latencies) != requests:
        raise SystemExit(f"only {len(latencies)} of {requests} requests were answered")
    return np.array(latencies), seconds


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="what Program.save or octet compile wrote")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--requests", type=int, default=2000)
    options = parser.parse_args(arguments)
    program = runtime.load(options.program)
    print(program)
    latencies, seconds = serve(program, options.threads, options.requests)
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99])
    print(f"{options.requests} requests, {options.threads} threads: "
          f"{options.requests / seconds:.0f} per second; median {p50:.3f} ms, "
          f"p95 {p95:.3f} ms, p99 {p99:.3f} ms")
    return latencies


if __name__ == "__main__":
    main()
