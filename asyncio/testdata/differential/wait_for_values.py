# wait_for without a timeout, with none left, with something done, with an error.
import asyncio


async def work(value):
    print("runs", value)
    await asyncio.sleep(0)
    if value == "error":
        raise ValueError("error")
    return value


async def attempt(name, f, timeout):
    try:
        print(name, await asyncio.wait_for(f, timeout))
    except asyncio.TimeoutError:
        print(name, "timeout")
    except ValueError as e:
        print(name, "raises", e)


async def main():
    await attempt("None:", work(1), None)
    await attempt("10 s:", work(2), 10)
    await attempt("10 s:", work("error"), 10)
    f = asyncio.get_running_loop().create_future()
    f.set_result("done")
    await attempt("0, done:", f, 0)
    p = asyncio.get_running_loop().create_future()
    await attempt("0, pending:", p, 0)
    print("pending canceled:", p.cancelled())
    p = asyncio.get_running_loop().create_future()
    await attempt("-1, pending:", p, -1)
    t = asyncio.create_task(work("never"))
    await attempt("0, task not begun:", t, 0)
    print("task canceled:", t.cancelled())


asyncio.run(main())
