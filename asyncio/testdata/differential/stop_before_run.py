# stop() before run_forever() lets what is ready run once.
import asyncio

loop = asyncio.new_event_loop()


def again(n):
    print("round", n)
    loop.call_soon(again, n + 1)


again(0)
for _ in range(3):
    loop.stop()
    loop.run_forever()
    print("returned, running:", loop.is_running())
loop.close()
print("closed:", loop.is_closed())
