# drain: nothing to do, several at once, waiting until the peer reads, after the loss of the connection.
import asyncio


async def main():
    accepted = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(lambda r, w: accepted.set_result((r, w)), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    peer, peer_writer = await accepted
    await writer.drain()
    print("nothing to wait for")
    writer.write(b"x" * 8_000_000)
    drains = [asyncio.create_task(writer.drain()) for _ in range(3)]
    await asyncio.sleep(0)
    print([d.done() for d in drains])
    print(len(await peer.readexactly(8_000_000)))
    await asyncio.wait(drains)
    print("drained")
    peer_writer.transport.abort()
    print(await reader.read())
    writer.close()
    await writer.wait_closed()
    try:
        await writer.drain()
    except ConnectionResetError:
        print("connection lost")
    server.close()


asyncio.run(main())
