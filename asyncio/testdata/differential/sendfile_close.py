# The other side leaves while a file is sent: a connection error, and the position tells how far it came.
import asyncio
import tempfile


async def main():
    loop = asyncio.get_running_loop()

    async def serve(reader, writer):
        await reader.readexactly(10)
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    with tempfile.TemporaryFile() as f:
        f.truncate(200_000_000)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            await loop.sendfile(writer.transport, f)
        except ConnectionError:
            print("connection error", 0 < f.tell() < 200_000_000)
        writer.close()
    server.close()


asyncio.run(main())
