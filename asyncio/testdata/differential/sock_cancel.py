# A canceled socket operation takes nothing; the next has it.
import asyncio
import socket


async def canceled(operation):
    t = asyncio.create_task(operation)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    t.cancel()
    try:
        await t
    except asyncio.CancelledError:
        return "canceled"


async def main():
    loop = asyncio.get_running_loop()
    a, b = socket.socketpair()
    with a, b:
        a.setblocking(False)
        print("recv", await canceled(loop.sock_recv(a, 10)))
        print("recv_into", await canceled(loop.sock_recv_into(a, bytearray(10))))
        b.send(b"data")
        print(await loop.sock_recv(a, 10))
        print("sendall", await canceled(loop.sock_sendall(a, b"x" * 30_000_000)))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        print("accept", await canceled(loop.sock_accept(listener)))
        with socket.create_connection(listener.getsockname()) as client:
            conn, address = await loop.sock_accept(listener)
            print("accepted", address == client.getsockname())
            conn.close()


asyncio.run(main())
