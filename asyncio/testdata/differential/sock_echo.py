# The socket operations of the loop: connect, accept, send and receive much.
import asyncio
import socket


async def serve(loop, listener):
    conn, _ = await loop.sock_accept(listener)
    with conn:
        conn.setblocking(False)
        total = 0
        while data := await loop.sock_recv(conn, 65536):
            total += len(data)
        await loop.sock_sendall(conn, b"%d" % total)


async def main():
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        listener.setblocking(False)
        client.setblocking(False)
        t = asyncio.create_task(serve(loop, listener))
        await loop.sock_connect(client, listener.getsockname())
        await loop.sock_sendall(client, b"x" * 3_000_000)
        client.shutdown(socket.SHUT_WR)
        buffer = bytearray(3)
        n = await loop.sock_recv_into(client, buffer)
        print(n, bytes(buffer), await loop.sock_recv(client, 100), await loop.sock_recv(client, 100))
        await t
        address = listener.getsockname()
    with socket.socket() as client:
        client.setblocking(False)
        try:
            await loop.sock_connect(client, address)
        except ConnectionRefusedError:
            print("refused")


asyncio.run(main())
