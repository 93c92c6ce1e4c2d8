# made, data, eof, lost: what each side of a connection is told. The server keeps its half open to answer.
import asyncio


class Logger(asyncio.Protocol):
    def __init__(self, lost, keep_open):
        self.log, self.data, self.lost, self.keep_open = [], b"", lost, keep_open

    def connection_made(self, transport):
        self.transport = transport
        self.log.append("made")

    def data_received(self, data):
        self.data += data

    def eof_received(self):
        self.log.append("eof after %r" % self.data)
        if self.keep_open:
            asyncio.get_running_loop().call_soon(self.answer)
        return self.keep_open

    def answer(self):
        self.transport.write(self.data.upper())
        self.transport.close()
        self.log.append("closing %s" % self.transport.is_closing())

    def connection_lost(self, exc):
        self.log.append("lost %s" % exc)
        self.lost.set_result(None)


async def main():
    loop = asyncio.get_running_loop()
    s, c = Logger(loop.create_future(), True), Logger(loop.create_future(), False)
    server = await loop.create_server(lambda: s, "127.0.0.1", 0)
    transport, protocol = await loop.create_connection(lambda: c, *server.sockets[0].getsockname())
    print(protocol is c, transport is c.transport, c.log)
    transport.write(b"hello ")
    transport.writelines([b"wo", b"rld"])
    transport.write_eof()
    await s.lost
    await c.lost
    print("server", s.log)
    print("client", c.log)
    server.close()


asyncio.run(main())
