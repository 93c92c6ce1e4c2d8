# A protocol need not answer anything.
import asyncio


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"anything")
    writer.write_eof()
    print(await reader.read())
    print(asyncio.Protocol().eof_received(), asyncio.BufferedProtocol().eof_received())
    writer.close()
    await writer.wait_closed()
    server.close()


asyncio.run(main())
