# A signal's handler runs in the loop; the newest counts.
import asyncio
import os
import signal


async def main():
    loop = asyncio.get_running_loop()
    for name in ("first", "second"):
        done = loop.create_future()
        loop.add_signal_handler(signal.SIGUSR1, lambda n=name, d=done: (print("handler", n), d.set_result(None)))
        loop.call_later(0.01, os.kill, os.getpid(), signal.SIGUSR1)
        await done
    print("remove", loop.remove_signal_handler(signal.SIGUSR1), loop.remove_signal_handler(signal.SIGUSR1))
    for number in (signal.SIGKILL, 0, 1000):
        try:
            loop.add_signal_handler(number, print)
        except (RuntimeError, ValueError):
            print("refused")


asyncio.run(main())
