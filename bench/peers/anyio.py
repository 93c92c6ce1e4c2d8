"""Measures the shapes of bench with AnyIO for Python.

usage: anyio.py asyncio|uvloop|trio SECONDS SHAPE...
Prints one JSON object: nanoseconds of processor time per operation by shape, medians of 3 rounds.
"""
import json
import statistics
import sys
from time import process_time

import anyio
from anyio.lowlevel import checkpoint


async def nothing():
    pass


def spawn_join(size):
    async def rounds(n):
        for _ in range(max(1, n // size)):
            async with anyio.create_task_group() as tg:
                for _ in range(size):
                    tg.start_soon(nothing)
        return max(1, n // size) * size

    return rounds


async def fail_after(n):
    for _ in range(n):
        with anyio.fail_after(60):
            await nothing()
    return n


async def cancel_scope(n):
    for _ in range(n):
        with anyio.CancelScope():
            await nothing()
    return n


def pump(buffer, workers):
    async def rounds(n):
        send, receive = anyio.create_memory_object_stream(buffer)

        async def sender(stream):
            async with stream:
                for item in range(n // workers):
                    await stream.send(item)

        async def receiver(stream):
            async with stream:
                async for _ in stream:
                    pass

        async with anyio.create_task_group() as tg, send, receive:
            for _ in range(workers):
                tg.start_soon(sender, send.clone())
                tg.start_soon(receiver, receive.clone())
        return n // workers * workers

    return rounds


async def ping_pong(n):
    ask, asked = anyio.create_memory_object_stream(0)
    answer, answered = anyio.create_memory_object_stream(0)

    async def echo():
        async with asked, answer:
            async for item in asked:
                await answer.send(item)

    async with anyio.create_task_group() as tg, answered:
        tg.start_soon(echo)
        async with ask:
            for item in range(n):
                await ask.send(item)
                await answered.receive()
    return n


async def lock(n):
    mu = anyio.Lock()
    for _ in range(n):
        async with mu:
            pass
    return n


async def lock_contended(n):
    mu = anyio.Lock()

    async def contender():
        for _ in range(n // 8):
            async with mu:
                await checkpoint()

    async with anyio.create_task_group() as tg:
        for _ in range(8):
            tg.start_soon(contender)
    return n // 8 * 8


async def cancel_blocked():
    """Seconds per task from cancel to the last exit."""
    size = 10_000
    never = anyio.Event()
    async with anyio.create_task_group() as tg:
        for _ in range(size):
            tg.start_soon(never.wait)
        await anyio.sleep(0.3)
        start = process_time()
        tg.cancel_scope.cancel()
    return (process_time() - start) / size


SHAPES = {
    "S1a": (spawn_join(100), 100),
    "S1c": (spawn_join(10_000), 10_000),
    "S2": (fail_after, 100),
    "S3": (cancel_scope, 100),
    "S4": (pump(128, 1), 1000),
    "S5": (pump(0, 1), 1000),
    "S6": (pump(16, 8), 1000),
    "S7": (ping_pong, 100),
    "S8a": (lock, 100),
    "S8b": (lock_contended, 800),
}


async def measure(work, n, least):
    while True:
        start = process_time()
        await work(n)
        took = process_time() - start
        if took >= least:
            break
        n = int(n * min(100, 1.2 * least / max(took, 1e-9))) + 1
    results = []
    for _ in range(3):
        start = process_time()
        done = await work(n)
        results.append((process_time() - start) / done)
    return statistics.median(results)


async def main(least, wanted):
    out = {}
    for name in wanted:
        if name == "S9a":
            out[name] = statistics.median([await cancel_blocked() for _ in range(3)]) * 1e9
        elif name in SHAPES:
            work, n = SHAPES[name]
            out[name] = await measure(work, n, least) * 1e9
    print(json.dumps(out))


kind = sys.argv[1]
options = {"use_uvloop": kind == "uvloop"} if kind != "trio" else {}
if kind == "uvloop":
    import uvloop  # noqa: F401: fails here if it is not installed
anyio.run(
    main,
    float(sys.argv[2]),
    sys.argv[3:],
    backend="trio" if kind == "trio" else "asyncio",
    backend_options=options,
)
