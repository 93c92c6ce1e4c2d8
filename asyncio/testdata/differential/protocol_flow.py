# Above the high-water mark pause_writing is called, directly and once; at the low one resume_writing.
import asyncio


class Writer(asyncio.Protocol):
    def connection_made(self, transport):
        self.resumed = asyncio.get_running_loop().create_future()

    def pause_writing(self):
        print("paused")

    def resume_writing(self):
        print("resumed")
        self.resumed.set_result(None)


class Reader(asyncio.Protocol):
    def connection_made(self, transport):
        transport.pause_reading()
        print("reading", transport.is_reading())
        made.set_result(transport)


async def main():
    global made
    loop = asyncio.get_running_loop()
    made = loop.create_future()
    server = await loop.create_server(Reader, "127.0.0.1", 0)
    t, p = await loop.create_connection(Writer, *server.sockets[0].getsockname())
    reader = await made
    print("default", t.get_write_buffer_limits())
    t.set_write_buffer_limits(high=1000)
    print("high", t.get_write_buffer_limits())
    t.set_write_buffer_limits(low=100)
    print("low", t.get_write_buffer_limits())
    try:
        t.set_write_buffer_limits(high=1, low=2)
    except ValueError:
        print("refused")
    t.set_write_buffer_limits(high=1000, low=0)
    for i in range(3):
        print("write", i)
        t.write(b"x" * (8_000_000 if i == 0 else 8_000))
    reader.resume_reading()
    await p.resumed
    print("size", t.get_write_buffer_size())
    t.close()
    reader.abort()
    server.close()


asyncio.run(main())
