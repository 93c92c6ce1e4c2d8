# set_protocol changes who is told, from the next event on.
import asyncio


class Line(asyncio.Protocol):
    def __init__(self, name):
        self.name = name

    def connection_made(self, transport):
        print(self.name, "made")
        self.transport = transport

    def data_received(self, data):
        print(self.name, data)
        if self.name == "first":
            second = Line("second")
            second.transport = self.transport
            self.transport.set_protocol(second)
            print("protocol is second:", self.transport.get_protocol() is second)
        self.transport.write(b"ok")

    def connection_lost(self, exc):
        print(self.name, "lost", exc)
        lost.set_result(None)


async def main():
    global lost
    lost = asyncio.get_running_loop().create_future()
    server = await asyncio.get_running_loop().create_server(lambda: Line("first"), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    for message in (b"one", b"two"):
        writer.write(message)
        await reader.readexactly(2)
    writer.close()
    await writer.wait_closed()
    await lost
    server.close()


asyncio.run(main())
