# A protocol that fails loses its connection with the error; the handler is told; the loop goes on.
import asyncio


class Fails(asyncio.Protocol):
    def __init__(self, where):
        self.where = where

    def data_received(self, data):
        if self.where == "data":
            raise ValueError("in data_received")

    def eof_received(self):
        if self.where == "eof":
            raise ValueError("in eof_received")

    def connection_lost(self, exc):
        lost.set_result(exc)


async def main():
    global lost
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, c: print("handler:", c["exception"]))
    for where in ("data", "eof"):
        lost = loop.create_future()
        server = await loop.create_server(lambda: Fails(where), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"data")
        writer.write_eof()
        print("lost:", await lost)
        writer.close()
        server.close()


asyncio.run(main())
