# as_completed yields in the order of the ends; an error is raised in its turn.
import asyncio


async def work(name, f):
    v = await f
    if v == "error":
        raise ValueError(name)
    return name


async def main():
    loop = asyncio.get_running_loop()
    fs = {n: loop.create_future() for n in "abcd"}
    for ms, n in enumerate("cadb"):
        loop.call_later(ms / 100, fs[n].set_result, "error" if n == "d" else "value")
    for next_done in asyncio.as_completed([work(n, f) for n, f in fs.items()]):
        try:
            print(await next_done)
        except ValueError as e:
            print("error of", e)


asyncio.run(main())
