"""Whole runs of the real command against outputs that were checked by hand and kept.

Each folder of `golden` is a case: `arguments` (one a line), `input.log` (fed to standard input where the arguments name no log),
perhaps `environment` (`NAME=value` a line), and what must come out: `stdout`, `stderr`, `status`. Logs that several cases read
are in `golden_logs`. The line that says how long it took is normalised. After an intended change of the output,
`python -m tests.test_golden` writes the files anew; read the difference before you keep it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
import os
import re
import unittest

from .running import command

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
CASES = sorted(name for name in os.listdir(FOLDER) if os.path.isdir(os.path.join(FOLDER, name)))


def content(case: str, name: str) -> bytes:
    with open(os.path.join(FOLDER, case, name), "rb") as file:
        return file.read()


def run(case: str) -> dict[str, bytes]:
    """What the command says, by the name of the file that has it."""
    arguments = content(case, "arguments").decode().splitlines()
    names_log = "--demo" in arguments or any(argument.endswith((".log", ".log.gz")) for argument in arguments)
    stdin = None if names_log else content(case, "input.log")
    has_variables = os.path.exists(os.path.join(FOLDER, case, "environment"))
    variables = content(case, "environment").decode().splitlines() if has_variables else []
    done = command(
        *arguments, stdin=stdin, cwd=os.path.join(FOLDER, case), **dict(variable.split("=", 1) for variable in variables)
    )
    out = re.sub(rb"took +\d+\.\d+ s(, [\d,]+ lines/s)?", "took …".encode(), done.stdout)
    return {"stdout": out, "stderr": done.stderr, "status": b"%d\n" % done.returncode}


class TestGolden(unittest.TestCase):
    maxDiff = None

    def test_there_are_cases(self) -> None:
        self.assertGreater(len(CASES), 5)

    def test_every_case(self) -> None:
        with ThreadPoolExecutor(2) as pool:
            for case, files in zip(CASES, pool.map(run, CASES)):
                for name, said in files.items():
                    with self.subTest(case=case, file=name):
                        self.assertEqual(said.decode(), content(case, name).decode())


def write() -> None:
    for case in CASES:
        for name, said in run(case).items():
            with open(os.path.join(FOLDER, case, name), "wb") as file:
                file.write(said)


if __name__ == "__main__":
    write()
