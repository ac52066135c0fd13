"""Routes and queries: what is found, and how what is wrong is answered."""

from __future__ import annotations

from collections.abc import Mapping
import json
from random import Random
import unittest

from LogsMonitor2000.web.http import Request, Response
from LogsMonitor2000.web.router import ApiError, Query, Route, Router, as_json, second_of


def answered(name: str) -> Route:
    """A route that answers with its name and the segments of the path."""

    def handler(query: Query, segments: Mapping[str, bytes], request: Request) -> Response:
        query.finish()
        return as_json([name, {key: value.decode("latin-1") for key, value in segments.items()}])

    return Route(name, handler, "")


class Paths(unittest.TestCase):
    ROUTER = Router([answered(each) for each in ("/", "/a", "/customers/stats", "/customers/{user}/stats")])

    def ask(self, path: str) -> tuple[int, object]:
        answer = self.ROUTER.answer(Request("GET", path))
        assert isinstance(answer, Response)
        return answer.status, json.loads(answer.body)

    def test_what_is_found(self) -> None:
        for path, found in (
            ("/", ["/", {}]),
            ("/a", ["/a", {}]),
            ("/customers/stats", ["/customers/stats", {}]),
            ("/customers/bob/stats", ["/customers/{user}/stats", {"user": "bob"}]),
            ("/customers/a%2Fb/stats", ["/customers/{user}/stats", {"user": "a/b"}]),
            ("/customers/%00%ff/stats", ["/customers/{user}/stats", {"user": "\x00\xff"}]),
            ("/customers/../stats", ["/customers/{user}/stats", {"user": ".."}]),
            ("/customers/stats/stats", ["/customers/{user}/stats", {"user": "stats"}]),
        ):
            with self.subTest(path=path):
                self.assertEqual(self.ask(path), (200, found))

    def test_what_is_not(self) -> None:
        for path in (
            "",
            "//",
            "/a/",
            "/A",
            "/%61",
            "/a/../a",
            "/customers//stats",
            "/customers/%zz/stats",
            "/customers/x",
            "*",
        ):
            with self.subTest(path=path):
                status, body = self.ask(path)
                self.assertEqual((status, list(body)), (404, ["detail"]))  # type: ignore[call-overload]


class Queries(unittest.TestCase):
    def refused(self, text: str, ask: object) -> ApiError:
        with self.assertRaises(ApiError) as caught:
            ask(Query(text))  # type: ignore[operator]
        return caught.exception

    def test_values_are_checked(self) -> None:
        query = Query("from=60&until=1970-01-01T00:02:00Z&limit=7&field=a%20b")
        self.assertEqual(query.range(), (60, 120))
        self.assertEqual(query.whole("limit", 10, 1, 100), 7)
        self.assertEqual(query.text("field"), "a b")
        query.finish()
        query = Query("")
        self.assertEqual((query.range(), query.whole("limit", 10, 1, 100), query.text("field", "x")), ((None, None), 10, "x"))
        query.finish()

    def test_what_is_wrong_is_said(self) -> None:
        for text, ask, status, detail in (
            ("limit=0", lambda q: q.whole("limit", 10, 1, 100), 422, "limit must be a whole number from 1 to 100, not '0'"),
            ("limit=1e3", lambda q: q.whole("limit", 10, 1, 100), 422, "limit must be a whole number"),
            ("limit=" + "9" * 5000, lambda q: q.whole("limit", 10, 1, 100), 422, "limit must be a whole number"),
            ("limit=%D9%A3", lambda q: q.whole("limit", 10, 1, 100), 422, "limit must be a whole number"),
            ("field=x", lambda q: q.text("field", "a", choices=("a", "b")), 422, "field must be one of a, b, not 'x'"),
            ("from=x", lambda q: q.second("from"), 422, "from must be epoch seconds or ISO 8601"),
            ("from=5&until=4", lambda q: q.range(), 422, "until must not be before from"),
            ("form=5", lambda q: (q.range(), q.finish()), 422, "unknown parameter 'form'; did you mean from?"),
            ("x=1", lambda q: q.finish(), 422, "unknown parameter 'x' (there are none here)"),
            ("a=1&a=2", lambda q: q.text("a"), 422, "given twice"),
            ("a", lambda q: None, 400, "the query is not valid"),
            ("a=%ff", lambda q: None, 400, "the query is not valid"),
            ("&".join(f"a{number}=1" for number in range(60)), lambda q: None, 400, "the query is not valid"),
        ):
            with self.subTest(text=text[:40]):
                error = self.refused(text, ask)
                self.assertEqual(error.status, status)
                self.assertIn(detail, error.detail)
                self.assertLess(len(error.detail), 300)

    def test_times(self) -> None:
        for text, second in (
            ("0", 0),
            ("1549573860", 1549573860),
            ("2019-02-07T21:11:00Z", 1549573860),
            ("2019-02-07T21:11:00", 1549573860),
            ("2019-02-07T22:11:00+01:00", 1549573860),
            ("2019-02-07T22:11:00 01:00", 1549573860),  # an unescaped +
            ("2019-02-07 21:11:00", 1549573860),
            ("2019-02-07", 1549497600),
            ("2019-02-07T21:11:00.9Z", 1549573860),
        ):
            with self.subTest(text=text):
                self.assertEqual(second_of("from", text), second)
        for text in (
            "",
            "-1",
            "1e9",
            "yesterday",
            "1969-12-31",
            "99999999999999",
            "999999999999",
            "2019-02-30",
            "10000-01-01",
            "٣",
        ):
            with self.subTest(text=text), self.assertRaises(ApiError):
                second_of("from", text)

    def test_anything_is_answered(self) -> None:
        rng = Random(4)
        alphabet = "frominutl=&%+;0123456789T:-Z\u00ff\u0663 "
        for _ in range(2000):
            text = "".join(rng.choice(alphabet) for _ in range(rng.randrange(20)))
            try:
                query = Query(text)
                query.range()
                query.finish()
            except ApiError as error:
                self.assertIn(error.status, (400, 422))


if __name__ == "__main__":
    unittest.main()
