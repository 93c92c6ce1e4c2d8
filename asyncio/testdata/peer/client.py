# Sends lines to an echo server and prints what comes back: client.py tcp|unix|tls ADDRESS CERTIFICATE
import asyncio
import ssl
import sys


async def main(kind, address, certificate):
    if kind == "unix":
        reader, writer = await asyncio.open_unix_connection(address)
    else:
        host, port = address.rsplit(":", 1)
        context = None
        if kind == "tls":
            context = ssl.create_default_context(cafile=certificate)
        reader, writer = await asyncio.open_connection(
            host, int(port), ssl=context, server_hostname="test" if context else None)
    for line in [b"one\n", b"x" * 50000 + b"\n", b"last\n"]:
        writer.write(line)
        await writer.drain()
        back = await reader.readline()
        print(len(back), back == line)
    if writer.can_write_eof():
        writer.write_eof()
        print(await reader.read())
    writer.close()
    await writer.wait_closed()
    print("closed")


asyncio.run(main(*sys.argv[1:]))
