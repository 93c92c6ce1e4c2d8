# Programs that are not there; no input, no output; the input that the child does not read.
import asyncio
from asyncio.subprocess import DEVNULL, PIPE, STDOUT


async def main():
    for pipe in (None, PIPE):
        try:
            await asyncio.create_subprocess_exec("/no/such/program", stdin=pipe)
        except FileNotFoundError:
            print("not found")
    p = await asyncio.create_subprocess_exec("cat", stdin=DEVNULL, stdout=PIPE)
    print(await p.communicate(), p.returncode, p.stdin, p.stderr)
    p = await asyncio.create_subprocess_shell("echo dropped; echo kept >&2", stdout=DEVNULL, stderr=PIPE)
    print(await p.communicate())
    p = await asyncio.create_subprocess_shell("echo a; echo b >&2", stdout=PIPE, stderr=STDOUT)
    print(await p.communicate())
    p = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    print(await p.communicate(b""))
    p = await asyncio.create_subprocess_exec("true", stdin=PIPE)
    print(await p.communicate(b"x" * 1_000_000), p.returncode)


asyncio.run(main())
