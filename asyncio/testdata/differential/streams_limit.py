# A stream's limit holds for lines from the network, too; the connection survives it.
import asyncio


async def serve(reader, writer):
    writer.write(b"short\n" + b"x" * 100 + b"\n" + b"last\n")
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), limit=50)
    print(await reader.readuntil())
    try:
        await reader.readuntil()
    except asyncio.LimitOverrunError as e:
        print("overrun")
    print(await reader.readexactly(101) == b"x" * 100 + b"\n")
    print(await reader.readline())
    try:
        await reader.readexactly(3)
    except asyncio.IncompleteReadError as e:
        print("incomplete", e.partial, e.expected)
    writer.close()
    server.close()


asyncio.run(main())
