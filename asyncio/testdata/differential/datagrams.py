# Datagrams keep their borders; the endpoint learns who sent them.
import asyncio


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(data.upper(), addr)


class Client(asyncio.DatagramProtocol):
    def __init__(self):
        self.answers, self.lost = asyncio.Queue(), asyncio.get_running_loop().create_future()

    def datagram_received(self, data, addr):
        self.answers.put_nowait((data, addr))

    def connection_lost(self, exc):
        self.lost.set_result(exc)


async def main():
    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    address = server.get_extra_info("sockname")
    t, p = await loop.create_datagram_endpoint(Client, remote_addr=address)
    for message in (b"one", b"two words"):
        t.sendto(message)
        data, addr = await p.answers.get()
        print(data, addr == address)
    try:
        t.sendto(b"x", ("127.0.0.1", 9))
    except ValueError:
        print("another address refused when connected")
    t.close()
    print("lost", await p.lost, t.is_closing())
    server.close()


asyncio.run(main())
