# Callbacks run in the order of their call_soon; what they schedule runs after them.
import asyncio

loop = asyncio.new_event_loop()


def first():
    print("first")
    loop.call_soon(print, "scheduled by first")
    loop.call_soon(print, "scheduled by first, too")


def second(a, b):
    print("second", a, b)
    loop.call_soon(loop.stop)


loop.call_soon(first)
loop.call_soon(second, 1, "x")
loop.call_soon(print, "third")
loop.run_forever()
print("stopped")
loop.close()
