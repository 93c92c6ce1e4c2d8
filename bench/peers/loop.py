"""The shapes of bench on Python's asyncio.

usage: loop.py asyncio|uvloop streams|protocols|work

streams and protocols are echo servers that print their address. work answers each line
"SHAPE N" with the nanoseconds of processor time that N operations took.
"""
import asyncio
import sys
from time import process_time_ns


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


async def echo(reader, writer):
    try:
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()


async def serve(style):
    if style == "streams":
        server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=4096)
    else:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Echo, "127.0.0.1", 0, backlog=4096)
    print("%s:%d" % server.sockets[0].getsockname(), flush=True)
    await server.serve_forever()


async def futures(n):
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    async def setter():
        for _ in range(n):
            future.set_result(1)
            await asyncio.sleep(0)

    task = loop.create_task(setter())
    for _ in range(n):
        await future
        future = loop.create_future()
    await task


def work():
    print("ready", flush=True)
    for line in sys.stdin:
        shape, n = line.split()
        before = process_time_ns()
        asyncio.run({"A4": futures}[shape](int(n)))
        print(process_time_ns() - before, flush=True)


if sys.argv[1] == "uvloop":
    import uvloop

    uvloop.install()
if sys.argv[2] == "work":
    work()
else:
    asyncio.run(serve(sys.argv[2]))
