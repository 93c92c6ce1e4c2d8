# close() sends what is buffered, abort() does not; both end in connection_lost(None), once, later.
import asyncio


class Client(asyncio.Protocol):
    def __init__(self):
        self.lost = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc):
        self.lost.set_result(exc)


class Server(asyncio.Protocol):
    n = 0

    def data_received(self, data):
        self.n += len(data)

    def connection_lost(self, exc):
        lost.set_result(self.n)


async def main():
    global lost
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Server, "127.0.0.1", 0)
    for how in ("close", "abort"):
        lost = loop.create_future()
        t, p = await loop.create_connection(Client, *server.sockets[0].getsockname())
        t.write(b"x" * 8_000_000)
        print(how, "buffered:", t.get_write_buffer_size() > 0, "closing:", t.is_closing())
        getattr(t, how)()
        t.close()
        print("closing:", t.is_closing(), "lost at once:", p.lost.done())
        print("lost:", await p.lost)
        print("all arrived:", await lost == 8_000_000)
    server.close()


asyncio.run(main())
