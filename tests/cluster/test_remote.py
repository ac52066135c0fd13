"""Files at URLs, on fsspec's file system in memory: the same lines as on disk, whole and in pieces."""

from __future__ import annotations

import gzip
import importlib.util
import sys
import unittest
from unittest import mock

from LogsMonitor2000.cluster.remote import RemotePiece, remote_pieces
from LogsMonitor2000.errors import InputError, UsageError

HAS_FSSPEC = importlib.util.find_spec("fsspec") is not None


class WithoutFsspec(unittest.TestCase):
    def test_what_to_install_is_said(self) -> None:
        with mock.patch.dict(sys.modules, {"fsspec": None}), self.assertRaisesRegex(UsageError, r"LogsMonitor2000\[cluster\]"):
            remote_pieces(["memory://a.log"])


@unittest.skipUnless(HAS_FSSPEC, "fsspec is not installed")
class Remote(unittest.TestCase):
    LINES = b"".join(b"line %d%s\n" % (number, b"x" * (number % 50)) for number in range(300)) + b"the last"

    def setUp(self) -> None:
        import fsspec

        system = fsspec.filesystem("memory")
        for name, content in (("a.log", self.LINES), ("a.gz", gzip.compress(self.LINES)), ("empty", b"")):
            with system.open(f"/logs/{name}", "wb") as file:
                file.write(content)

    def test_pieces_are_the_file(self) -> None:
        for size in (7, 100, 4000, 1 << 20):
            with self.subTest(size=size), mock.patch("LogsMonitor2000.report.piece.PIECE_BYTES", size):
                pieces = remote_pieces(["memory://logs/a.log"])
                self.assertEqual(b"".join(block for piece in pieces for block in piece.blocks()), self.LINES + b"\n")
                self.assertEqual([piece.is_last for piece in pieces], [False] * (len(pieces) - 1) + [True])

    def test_a_compressed_file_is_one_piece(self) -> None:
        (piece,) = remote_pieces(["memory://logs/a.gz"])
        self.assertEqual(piece, RemotePiece("memory://logs/a.gz"))
        self.assertEqual(b"".join(piece.blocks()), self.LINES + b"\n")
        self.assertEqual(remote_pieces(["memory://logs/empty"]), [])

    def test_what_cannot_be_opened(self) -> None:
        for url, error in (("memory://logs/none", InputError), ("nosuchscheme://x", InputError)):
            with self.subTest(url=url), self.assertRaisesRegex(error, url):
                remote_pieces([url])


if __name__ == "__main__":
    unittest.main()
