# A server begins, serves, is told to stop; serve_forever ends by cancellation.
import asyncio


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0, start_serving=False)
    print("serving", server.is_serving())
    await server.start_serving()
    await server.start_serving()
    print("serving", server.is_serving())
    t = asyncio.create_task(server.serve_forever())
    await asyncio.sleep(0)
    try:
        await server.serve_forever()
    except RuntimeError:
        print("already in serve_forever")
    t.cancel()
    try:
        await t
    except asyncio.CancelledError:
        print("canceled; serving", server.is_serving(), len(server.sockets))
    try:
        await server.serve_forever()
    except RuntimeError:
        print("refused when closed")
    server.close()
    async with await loop.create_server(asyncio.Protocol, "127.0.0.1", 0) as server:
        t = asyncio.create_task(server.serve_forever())
        await asyncio.sleep(0)
        server.close()
        try:
            await t
        except asyncio.CancelledError:
            print("close ends serve_forever; task canceled:", t.cancelled())


asyncio.run(main())
