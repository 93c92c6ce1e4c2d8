# run_until_complete: value, error, a loop that is stopped too early, one that runs, one that is closed.
import asyncio

loop = asyncio.new_event_loop()


async def work(what):
    await asyncio.sleep(0)
    if what == "fail":
        raise ValueError("failed")
    if what == "nested":
        f = loop.create_future()
        try:
            loop.run_until_complete(f)
        except RuntimeError:
            return "nested run refused"
    return what


def run(f):
    try:
        print("value", loop.run_until_complete(f))
    except ValueError as e:
        print("error", e)
    except RuntimeError:
        print("refused")


run(work("ok"))
run(work("fail"))
run(work("nested"))
f = loop.create_future()
loop.call_soon(loop.stop)
run(f)
loop.call_soon(f.set_result, "later")
run(f)
run(f)
loop.close()
run(f)
try:
    loop.call_soon(print)
except RuntimeError:
    print("call_soon refused")
