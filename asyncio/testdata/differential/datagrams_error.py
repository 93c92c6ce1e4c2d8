# A refusal from the other side is told by error_received; the endpoint lives on. What was sent before close goes out.
import asyncio
import socket


class Client(asyncio.DatagramProtocol):
    def __init__(self):
        self.lost = asyncio.get_running_loop().create_future()

    def error_received(self, exc):
        if not refused.done():
            refused.set_result(isinstance(exc, ConnectionRefusedError))

    def connection_lost(self, exc):
        self.lost.set_result(exc)


async def main():
    global refused
    loop = asyncio.get_running_loop()
    refused = loop.create_future()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        nobody = s.getsockname()
    t, p = await loop.create_datagram_endpoint(Client, remote_addr=nobody)
    t.sendto(b"to nobody")
    print("refused", await refused, "closing", t.is_closing(), "lost", p.lost.done())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(nobody)
        s.settimeout(5)
        for _ in range(2):
            t.sendto(b"to somebody")
        t.close()
        t.close()
        print(s.recv(100), "lost", await p.lost, "closing", t.is_closing())


asyncio.run(main())
