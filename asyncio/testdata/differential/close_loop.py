# close(): not while running, twice is fine, what was queued is dropped.
import asyncio

loop = asyncio.new_event_loop()


async def main():
    try:
        loop.close()
    except RuntimeError:
        print("close refused while running")
    loop.call_later(60, print, "never printed")
    return "value"


print(loop.run_until_complete(main()))
loop.call_soon(print, "never printed")
loop.close()
loop.close()
print(loop.is_closed(), loop.is_running())
for f in (loop.call_soon, loop.call_soon_threadsafe, lambda g: loop.call_later(0, g)):
    try:
        f(print)
    except RuntimeError:
        print("refused")
