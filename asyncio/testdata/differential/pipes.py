# Pipes as transports: data, end, the reader that goes away.
import asyncio
import os


class Reads(asyncio.Protocol):
    def __init__(self):
        self.got, self.lost = b"", asyncio.get_running_loop().create_future()

    def data_received(self, data):
        self.got += data

    def eof_received(self):
        print("eof after", self.got)

    def connection_lost(self, exc):
        self.lost.set_result(exc)


class Writes(asyncio.BaseProtocol):
    def __init__(self):
        self.lost = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc):
        self.lost.set_result(exc)


async def main():
    loop = asyncio.get_running_loop()
    for who in ("writer", "reader"):
        r, w = os.pipe()
        rt, rp = await loop.connect_read_pipe(Reads, os.fdopen(r, "rb", 0))
        wt, wp = await loop.connect_write_pipe(Writes, os.fdopen(w, "wb", 0))
        if who == "writer":
            wt.write(b"data")
            print("can write eof", wt.can_write_eof())
            wt.close()
        else:
            rt.close()
        print(who, "closes:", await rp.lost, await wp.lost, rt.is_closing(), wt.is_closing())


asyncio.run(main())
