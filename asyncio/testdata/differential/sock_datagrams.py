# Datagrams by the loop's socket operations.
import asyncio
import socket


async def main():
    loop = asyncio.get_running_loop()
    a, b = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    with a, b:
        for s in (a, b):
            s.setblocking(False)
            s.bind(("127.0.0.1", 0))
        print(await loop.sock_sendto(a, b"one", b.getsockname()))
        data, sender = await loop.sock_recvfrom(b, 100)
        print(data, sender == a.getsockname())
        t = asyncio.create_task(loop.sock_recvfrom(b, 2))
        await asyncio.sleep(0)
        await loop.sock_sendto(a, b"cut", b.getsockname())
        print((await t)[0])
        buffer = bytearray(10)
        await loop.sock_sendto(a, b"into", b.getsockname())
        n, sender = await loop.sock_recvfrom_into(b, buffer)
        print(n, bytes(buffer[:n]), sender == a.getsockname())


asyncio.run(main())
