# Streams: a server that answers line by line, end of file, closing.
import asyncio


log = []


async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    log.append("eof")
    writer.write(b"bye")
    writer.close()
    await writer.wait_closed()
    log.append("closed %s" % writer.is_closing())


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print("serving", server.is_serving(), len(server.sockets))
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    for line in (b"one\n", b"two\n"):
        writer.write(line)
        print(await reader.readline())
    print("can write eof", writer.can_write_eof())
    writer.write_eof()
    print(await reader.read(), reader.at_eof())
    writer.close()
    await writer.wait_closed()
    print("closing", writer.is_closing())
    server.close()
    await server.wait_closed()
    print("server:", log)
    print("serving", server.is_serving(), len(server.sockets))


asyncio.run(main())
