# Echoes lines to one client and ends: server.py tcp|unix|tls ADDRESS CERTIFICATE KEY
# prints where it listens.
import asyncio
import ssl
import sys


async def main(kind, address, certificate, key):
    over = asyncio.get_running_loop().create_future()

    async def echo(reader, writer):
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
        writer.close()
        over.set_result(None)

    if kind == "unix":
        server = await asyncio.start_unix_server(echo, address)
        print(address, flush=True)
    else:
        context = None
        if kind == "tls":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
        server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=context)
        print(server.sockets[0].getsockname()[1], flush=True)
    await over
    server.close()
    print("over", flush=True)


asyncio.run(main(*sys.argv[1:]))
