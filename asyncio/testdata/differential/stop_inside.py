# After stop() the callbacks of the round still run, the ones they schedule in the next run_forever().
import asyncio

loop = asyncio.new_event_loop()


def stopper():
    print("stopping")
    loop.stop()
    loop.call_soon(print, "next run: scheduled after stop")


loop.call_soon(print, "before")
loop.call_soon(stopper)
loop.call_soon(lambda: (print("after"), loop.call_soon(print, "next run: scheduled by after")))
loop.run_forever()
print("first run ended")
loop.call_soon(loop.stop)
loop.run_forever()
print("second run ended")
loop.close()
