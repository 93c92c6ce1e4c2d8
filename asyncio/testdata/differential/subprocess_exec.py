# A child process: its input and output, its code, its end by a signal.
import asyncio
from asyncio.subprocess import PIPE


async def main():
    p = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    print("running", p.returncode)
    print(await p.communicate(b"through cat"))
    print("ended", p.returncode)
    p = await asyncio.create_subprocess_shell("echo out; echo err >&2; exit 3", stdout=PIPE, stderr=PIPE)
    print(await p.communicate(), p.returncode, await p.wait())
    p = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    p.stdin.write(b"line\nrest")
    await p.stdin.drain()
    print(await p.stdout.readline())
    p.stdin.close()
    print(await p.stdout.read(), await p.wait())
    p = await asyncio.create_subprocess_exec("sleep", "60")
    p.terminate()
    print("signaled", await p.wait())
    try:
        p.kill()
        print("kill of an ended process")
    except ProcessLookupError:
        print("no such process")


asyncio.run(main())
