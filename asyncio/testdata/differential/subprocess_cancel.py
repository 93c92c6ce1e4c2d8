# A canceled wait leaves the process alone.
import asyncio
from asyncio.subprocess import PIPE


async def main():
    p = await asyncio.create_subprocess_exec("cat", stdin=PIPE)
    t = asyncio.create_task(p.wait())
    await asyncio.sleep(0)
    t.cancel()
    try:
        await t
    except asyncio.CancelledError:
        print("canceled, code", p.returncode)
    waits = [asyncio.create_task(p.wait()) for _ in range(3)]
    p.stdin.close()
    print(await asyncio.gather(*waits))


asyncio.run(main())
