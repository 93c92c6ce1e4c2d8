"""Writes pathlib.jsonl: what PurePosixPath of Python 3.11 makes of many paths.

    python3 pathlib.py > pathlib.jsonl

A line is [method, arguments, result]; the result is null where Python raises ValueError.
"""
import json
from pathlib import PurePosixPath as P

PATHS = ["", ".", "..", "/", "//", "///", "a", "a/", "./a", "a/.", "a/b", "a//b", "a/./b", "a/../b", "../a",
         "/a", "//a", "///a", "/a/b/c", "/a/b/../c", "a.b", "a.b.c", ".a", ".a.b", "a.", "a..", "..a", "a..b",
         "...", "/a.tar.gz", "a/b.c/d", "dir/.hidden.txt", "ä/ö.ü", "/a b/c%d", "/ä/~x/+y", "a\nb", "a\\b", "C:/x",
         "/.", "/..", "//a//b//", "A/B", "~/x", "a/b/c/d.e"]
NAMES = ["", ".", "..", "x", "x.y", ".x", "x/", "/x", "x/y", "/", "x.", "ü"]
SUFFIXES = ["", ".", ".x", "x", ".x.y", "..", "./", ".a/b", ".ü"]
PATTERNS = ["", ".", "*", "a", "b", "*/b", "a/*", "/a", "/*", "//a", "*.b", "a.*", "?", "[ab]", "[!a]", "[a-c]/?", "**",
            "**/b", "a/**", "*.*", ".*", "[", "[]", "[]a]", "[!]", "a[", "B", "*b*", "*.*.*", "?.?", "/*/*/*", "**/*",
            "..", "*/..", "[.]a", "*a*.*c", "[a-]", "[-a]", "ö.*", "*/ö.?", "a\nb", "a?b", "[^a]"]


def put(method, args, f):
    try:
        result = f()
    except ValueError:
        result = None
    print(json.dumps([method, args, result], ensure_ascii=False))


for s in PATHS:
    p = P(s)
    put("String", [s], lambda: str(p))
    put("ToSlash", [s], lambda: p.as_posix())
    put("Parts", [s], lambda: list(p.parts))
    put("Drive", [s], lambda: p.drive)
    put("Root", [s], lambda: p.root)
    put("Anchor", [s], lambda: p.anchor)
    put("Parent", [s], lambda: str(p.parent))
    put("Parents", [s], lambda: [str(q) for q in p.parents])
    put("Name", [s], lambda: p.name)
    put("Suffix", [s], lambda: p.suffix)
    put("Suffixes", [s], lambda: p.suffixes)
    put("Stem", [s], lambda: p.stem)
    put("IsAbsolute", [s], lambda: p.is_absolute())
    put("IsReserved", [s], lambda: p.is_reserved())
    put("URI", [s], lambda: p.as_uri())
    for n in NAMES:
        put("WithName", [s, n], lambda: str(p.with_name(n)))
        if n != "" or p.suffix == "":  # later versions refuse it, and so do we
            put("WithStem", [s, n], lambda: str(p.with_stem(n)))
    for x in SUFFIXES:
        put("WithSuffix", [s, x], lambda: str(p.with_suffix(x)))
    for pattern in PATTERNS:
        put("Match", [s, pattern], lambda: p.match(pattern))
    for t in PATHS:
        put("Join", [s, t], lambda: str(p.joinpath(t)))
        put("RelativeTo", [s, t], lambda: str(p.relative_to(t)))
        put("IsRelativeTo", [s, t], lambda: p.is_relative_to(t))
        put("Compare", [s, t], lambda: (p > P(t)) - (p < P(t)))
put("NewPath", [], lambda: str(P()))
for args in (["a", "b"], ["a", "/b", "c"], ["a", "", "b"], ["", "a"], ["/", "//a"], ["//", "a"], ["a", ".", ".."], ["/", "/"]):
    put("NewPath", args, lambda: str(P(*args)))
