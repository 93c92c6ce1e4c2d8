# Callbacks of descriptors: readable, writable, replaced, removed.
import asyncio
import socket


async def main():
    loop = asyncio.get_running_loop()
    a, b = socket.socketpair()
    a.setblocking(False)
    events = asyncio.Queue()
    loop.add_reader(a, lambda: events.put_nowait(a.recv(100)))
    b.send(b"one")
    print("readable", await events.get())
    b.send(b"two")
    print("readable", await events.get())
    loop.add_reader(a, lambda: events.put_nowait(("replaced", a.recv(100))))
    b.send(b"three")
    print(await events.get())

    def writable():
        events.put_nowait("writable")
        print("remove", loop.remove_writer(a))

    loop.add_writer(a, writable)
    print(await events.get())
    print("remove", loop.remove_writer(a), loop.remove_reader(a), loop.remove_reader(a))
    b.send(b"four")
    await asyncio.sleep(0.01)
    print("nothing came", events.empty())
    b.close()
    a.close()


asyncio.run(main())
