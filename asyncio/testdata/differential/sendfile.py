# A file into a connection, between what is written before and after.
import asyncio
import tempfile


async def serve(reader, writer):
    received.set_result(await reader.read())
    writer.close()


async def main():
    global received
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    with tempfile.TemporaryFile() as f:
        f.write(b"0123456789" * 30_000)
        for offset, count in ((0, None), (5, 10), (299_995, 100), (0, 0)):
            received = loop.create_future()
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"before ")
            try:
                n = await loop.sendfile(writer.transport, f, offset, count)
                print("sent", n, "position", f.tell())
            except ValueError:
                print("refused")
            writer.write(b" after")
            writer.close()
            got = await received
            print(len(got), got[:17], got[-11:])
            try:
                await loop.sendfile(writer.transport, f)
            except RuntimeError:
                print("refused when closing")
    server.close()


asyncio.run(main())
