# A BufferedProtocol reads into its own buffer.
import asyncio


class Buffered(asyncio.BufferedProtocol):
    def __init__(self):
        self.buffer, self.got = bytearray(4), b""

    def get_buffer(self, sizehint):
        return self.buffer

    def buffer_updated(self, n):
        self.got += self.buffer[:n]
        if n > len(self.buffer):
            print("too much")

    def eof_received(self):
        print("eof")

    def connection_lost(self, exc):
        done.set_result((self.got, exc))


async def main():
    global done
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    server = await loop.create_server(Buffered, "127.0.0.1", 0)
    t, _ = await loop.create_connection(asyncio.Protocol, *server.sockets[0].getsockname())
    t.write(b"more than the buffer holds")
    t.close()
    print(await done)
    server.close()


asyncio.run(main())
