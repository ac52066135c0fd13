"""Lines as products write them: which format is detected, and what each field must be. A wrong source or duration is worse than none."""

from __future__ import annotations

import unittest

from LogsMonitor2000.parse.base import FIELDS, directives_of
from LogsMonitor2000.parse.choose import Choice

from ..support import FAR_FUTURE

SECOND = 1728568536  # 2024-10-10T13:55:36Z
CLF = b"[10/Oct/2024:13:55:36 +0000]"
COMBINED = b'192.0.2.7 - - %s "GET /a/b HTTP/1.1" 200 5 "-" "curl"' % CLF

LINES: tuple[tuple[str, str, bytes, dict[str, bytes | None]], ...] = (
    # What is read before the referrer, or instead of it
    (
        "nginx with $request_time before the referrer, as Datadog advises",
        "timed_first",
        b'192.0.2.7 - - %s "GET /a/b HTTP/1.1" 200 5 0.120 "https://e.example/" "curl"' % CLF,
        {"referrer": b"https://e.example/", "agent": b"curl", "duration": b"0.120", "source": b"192.0.2.7"},
    ),
    (
        "Puma, Rack",
        "common_timed",
        b'192.0.2.7 - - %s "GET /a/b HTTP/1.1" 200 12 0.0120' % CLF,
        {"duration": b"0.0120", "size": b"12"},
    ),
    (
        "Tomcat's %D, in a unit that depends on its version",
        "combined",
        b'192.0.2.7 - - %s "GET /a/b HTTP/1.1" 200 12 1234' % CLF,
        {"referrer": b"-", "agent": b"-", "size": b"12"},
    ),
    (
        "lighttpd's %I %O %T",
        "combined",
        b'192.0.2.7 - - %s "GET /a/b HTTP/1.1" 200 12 412 530 0' % CLF,
        {"referrer": b"-", "agent": b"-"},
    ),
    (
        "one field more",
        "combined",
        b'200.0.0.1 - - - %s "GET /a/b HTTP/1.0" 200 5' % CLF,
        {"source": b"200.0.0.1", "user": b"-"},
    ),
    (
        "ingress-nginx before 0.26",
        "ingress_old",
        b'192.0.2.7 - [192.0.2.7] - - %s "GET /a/b HTTP/1.1" 200 5 "-" "curl" 412 0.125 [web-80] 10.0.0.9:8080 512 0.120 200 4b'
        % CLF,
        {"source": b"192.0.2.7", "duration": b"0.125", "user": b"-"},
    ),
    (
        "Traefik without a response",
        "traefik",
        b'192.0.2.7 - - %s "GET /x HTTP/1.1" - - "-" "-" 1 "-" "-" 0ms' % CLF,
        {"status": b"-", "size": None, "section": b"/x"},
    ),
    (
        "Istio without X-Forwarded-For",
        "istio",
        b'[2024-10-10T13:55:36.409Z] "GET /a/b HTTP/1.1" 418 - via_upstream - "-" 0 135 3 1 "-" "curl" "8496" "httpbin:8000"'
        b' "127.0.0.1:80" inbound|8000|| 127.0.0.1:41854 10.44.1.27:80 192.0.2.7:37652 o default',
        {"source": b"192.0.2.7", "duration": b"0.003", "vhost": b"httpbin:8000"},
    ),
    (
        "Istio with X-Forwarded-For",
        "istio",
        b'[2024-10-10T13:55:36.409Z] "GET /a/b HTTP/1.1" 418 - via_upstream - "-" 0 135 3 1 "198.51.100.9, 192.0.2.7" "curl" "8"'
        b' "httpbin:8000" "127.0.0.1:80" inbound|8000|| 127.0.0.1:41854 10.44.1.27:80 10.44.1.23:37652 o default',
        {"source": b"192.0.2.7"},
    ),
    (
        "squid with log_mime_hdrs",
        "squid",
        b"1728568536.603    310 192.0.2.7 TCP_MISS/200 1234 GET http://a.b/a/b - DIRECT/192.0.2.80 text/html"
        b" [Host: a.b\\r\\n] [HTTP/1.1 200 OK\\r\\n]",
        {"source": b"192.0.2.7", "section": b"/a", "duration": b"0.31"},
    ),
    # Zones by name, none, one-digit days
    (
        "GitLab, WEBrick",
        "combined",
        b'192.0.2.7 - - [10/Oct/2024:13:55:36 UTC] "GET /a/b HTTP/1.1" 200 5',
        {"source": b"192.0.2.7"},
    ),
    (
        "gunicorn on a unix socket",
        "gunicorn",
        b' - - [10/Oct/2024:13:55:36 +0000] "GET / HTTP/1.0" 200 2137 "-" "curl"',
        {"agent": b"curl", "size": b"2137"},
    ),
    (
        "Gin",
        "gin",
        b'[GIN] 2024/10/10 - 13:55:36 | 200 |     125.5\xc2\xb5s |       192.0.2.7 | GET      "/a/b"',
        {"duration": b"0.0001255", "source": b"192.0.2.7", "section": b"/a"},
    ),
    ("Django", "django", b'[10/Oct/2024 13:55:36] "GET /a/b HTTP/1.1" 200 978', {"section": b"/a"}),
    (
        "Flask",
        "werkzeug",
        b'192.0.2.7 - - [10/Oct/2024 13:55:36] "GET /a/b HTTP/1.1" 200 -',
        {"source": b"192.0.2.7", "size": None},
    ),
    # Envelopes
    ("Kubernetes CRI", "cri:combined", b"2024-10-10T13:55:37.123456789Z stdout F " + COMBINED, {"source": b"192.0.2.7"}),
    (
        "Kubernetes CRI around JSON",
        "cri:json",
        b'2024-10-10T13:55:37.1Z stderr F {"time":"2024-10-10T13:55:36Z","status":200,"path":"/a/b","remote_addr":"192.0.2.7"}',
        {"source": b"192.0.2.7", "section": b"/a"},
    ),
    ("stern", "stern:combined", b"ingress-abc controller " + COMBINED, {"source": b"192.0.2.7", "user": b"-"}),
    ("stern in colours", "stern:combined", b"\x1b[32mingress-abc\x1b[0m \x1b[33mcontroller\x1b[0m " + COMBINED, {}),
    ("kubectl --prefix", "kubectl:combined", b"[pod/x-1/y] " + COMBINED, {"source": b"192.0.2.7"}),
    ("kubectl --timestamps", "kubectl:combined", b"2024-10-10T13:55:37.1Z " + COMBINED, {"source": b"192.0.2.7"}),
    ("both", "kubectl:combined", b"[pod/x-1/y] 2024-10-10T13:55:37.1Z " + COMBINED, {"source": b"192.0.2.7"}),
    (
        "aws logs tail",
        "awslogs:combined",
        b"2024-10-10T13:55:37.123000+00:00 ecs/nginx/0123 " + COMBINED,
        {"source": b"192.0.2.7"},
    ),
    (
        "Jetty by log4j",
        "log4j:combined",
        b"13:55:36.123 [qtp-64-1] INFO o.e.j.s.RequestLog - " + COMBINED,
        {"source": b"192.0.2.7"},
    ),
    ("docker compose", "compose:combined", b"nginx-1  | " + COMBINED, {"source": b"192.0.2.7"}),
    ("docker compose in colours", "compose:combined", b"\x1b[36mnginx-1  | \x1b[0m" + COMBINED, {"source": b"192.0.2.7"}),
    ("docker compose -t", "compose:combined", b"nginx-1  | 2024-10-10T13:55:37.1Z " + COMBINED, {"source": b"192.0.2.7"}),
    ("Docker Swarm", "compose:combined", b"web_web.1.abc@node    | " + COMBINED, {"source": b"192.0.2.7"}),
    (
        "Heroku's router",
        "syslog:logfmt_untimed",
        b'2024-10-10T13:55:36.123+00:00 heroku[router]: at=info method=GET path="/a/b" host=x fwd="192.0.2.7" dyno=web.1'
        b" connect=1ms service=18ms status=200 bytes=512",
        {"section": b"/a", "status": b"200", "size": b"512", "duration": b"0.018", "source": b"192.0.2.7", "vhost": b"x"},
    ),
    (
        "Filebeat",
        "beats:combined",
        b'{"@timestamp":"2024-10-10T13:55:37.1Z","log":{"file":{"path":"/var/log/a"}},"message":"%s","host":{"name":"h"}}'
        % COMBINED.replace(b'"', b'\\"'),
        {"source": b"192.0.2.7", "agent": b"curl"},
    ),
    (
        "Loki",
        "loki:combined",
        b'{"labels":{"app":"nginx"},"line":"%s","timestamp":"2024-10-10T13:55:37.1Z"}' % COMBINED.replace(b'"', b'\\"'),
        {"source": b"192.0.2.7", "agent": b"curl"},
    ),
    (
        "Fluent Bit",
        "docker:combined",
        b'{"date":1728568537.1,"log":"%s","kubernetes":{"pod_name":"p"}}' % COMBINED.replace(b'"', b'\\"'),
        {"source": b"192.0.2.7"},
    ),
    # JSON
    (
        "Envoy Gateway",
        "json",
        b'{"start_time":"2024-10-10T13:55:36.310Z","method":"GET","x-envoy-origin-path":"/a/b","protocol":"HTTP/1.1",'
        b'"response_code":200,"bytes_sent":135,"duration":3,"x-forwarded-for":"192.0.2.7","user-agent":"curl",'
        b'":authority":"a.b","downstream_remote_address":"192.0.2.7:41854"}',
        {"section": b"/a", "agent": b"curl", "duration": b"0.003", "source": b"192.0.2.7", "vhost": b"a.b"},
    ),
    (
        "Fastly",
        "json",
        b'{"timestamp":"2024-10-10T13:55:36+0000","client_ip":"192.0.2.7","host":"a.b","url":"/a/b","request_method":"GET",'
        b'"request_protocol":"HTTP/1.1","request_referer":"","request_user_agent":"curl","response_status":200,'
        b'"response_body_size":5}',
        {"agent": b"curl", "size": b"5", "section": b"/a", "status": b"200", "protocol": b"HTTP/1.1", "vhost": b"a.b"},
    ),
    (
        "ingress-nginx's documented JSON",
        "json",
        b'{"time":"2024-10-10T13:55:36+00:00","remote_addr":"192.0.2.7","x_forwarded_for":"192.0.2.7","request_id":"4","bytes_sent":5,'
        b'"request_time":0.125,"status":200,"vhost":"a.b","request_proto":"HTTP/1.1","path":"/a/b","request_query":"",'
        b'"request_length":12,"duration":0.125,"method":"GET","http_referrer":"","http_user_agent":"curl"}',
        {"protocol": b"HTTP/1.1", "duration": b"0.125", "section": b"/a", "size": b"5"},
    ),
    (
        "Go Echo: nanoseconds",
        "json",
        b'{"time":"2024-10-10T13:55:36.5Z","id":"","remote_ip":"192.0.2.7","host":"a.b","method":"GET","uri":"/a/b","user_agent":'
        b'"curl","status":200,"error":"","latency":12345678,"latency_human":"12.345678ms","bytes_in":0,"bytes_out":5}',
        {"duration": b"0.012345678", "size": b"5"},
    ),
    (
        "lograge: milliseconds",
        "json",
        b'{"method":"GET","path":"/a/b","format":"html","controller":"c","action":"a","status":200,"duration":237.82,"view":1.5,'
        b'"@timestamp":"2024-10-10T13:55:36Z"}',
        {"duration": b"0.23782"},
    ),
    (
        "Netlify drain: milliseconds",
        "json",
        b'{"timestamp":"2024-10-10T13:55:36Z","log_type":"traffic","client_ip":"192.0.2.7","duration":127,"method":"GET",'
        b'"url":"https://a.b/a/b","user_agent":"curl","status_code":200}',
        {"duration": b"0.127", "section": b"/a"},
    ),
    (
        "pino-http",
        "json",
        b'{"level":30,"time":1728568536123,"pid":1,"req":{"id":1,"method":"GET","url":"/a/b","headers":{"host":"a.b","user-agent":'
        b'"curl"},"remoteAddress":"192.0.2.7","remotePort":5},"res":{"statusCode":200},"responseTime":12,"msg":"request completed"}',
        {"source": b"192.0.2.7", "agent": b"curl", "status": b"200", "duration": b"0.012", "section": b"/a"},
    ),
    (
        "slog-http",
        "json",
        b'{"time":"2024-10-10T13:55:36Z","level":"INFO","msg":"200: OK","request":{"method":"GET","host":"a.b","path":"/a/b",'
        b'"ip":"192.0.2.7"},"response":{"latency":12345678,"status":200,"length":5},"id":"2"}',
        {"source": b"192.0.2.7", "status": b"200", "size": b"5", "duration": b"0.012345678", "section": b"/a"},
    ),
    (
        "Docker registry",
        "json",
        b'{"time":"2024-10-10T13:55:36Z","level":"info","msg":"response completed","http.request.host":"a.b","http.request.method":'
        b'"GET","http.request.remoteaddr":"192.0.2.7:5","http.request.uri":"/v2/x","http.request.useragent":"curl",'
        b'"http.response.duration":"12.5ms","http.response.status":200,"http.response.written":5}',
        {"source": b"192.0.2.7", "status": b"200", "duration": b"0.0125", "section": b"/v2", "agent": b"curl", "size": b"5"},
    ),
)


class Products(unittest.TestCase):
    def test_lines(self) -> None:
        for product, name, line, want in LINES:
            with self.subTest(product):
                chosen = Choice().choose("x.log", [(line + b"\n") * 5])
                assert chosen is not None
                self.assertEqual(chosen.name, name)
                fields = [field for field in FIELDS if field in chosen.parser.fields]
                columns = chosen.bind(fields, frozenset())((line + b"\n") * 5, FAR_FUTURE)
                self.assertEqual((columns.seconds, columns.malformed), ([SECOND] * 5, 0))
                self.assertEqual({field: columns.values[field] for field in want}, {field: [want[field]] * 5 for field in want})

    def test_parts_of_a_line_are_joined(self) -> None:
        """However it is cut: a part waits for its last one over blocks and chunks, for each stream apart."""
        half = len(COMBINED) // 2
        prefix = b"2024-10-10T13:55:37.123456789Z stdout %s "
        parts = [
            prefix % b"P" + COMBINED[:half],
            prefix.replace(b"stdout", b"stderr") % b"P" + b"x",
            prefix % b"F" + COMBINED[half:],
        ]
        lines = [prefix % b"F" + COMBINED] * 3 + parts + [prefix % b"P" + COMBINED[:9], prefix % b"P" + COMBINED[9:20]]
        lines.append(prefix % b"F" + COMBINED[20:])
        chosen = Choice().choose("x.log", [lines[0] + b"\n"])
        assert chosen is not None
        self.assertEqual(chosen.name, "cri:combined")
        for size in (1, 2, 3, len(lines)):
            bound = chosen.bind(["agent"], frozenset())
            agents: list[bytes | None] = []
            for start in range(0, len(lines), size):
                active = directives_of(bound)
                assert active is not None
                directives = active.directives
                bound = chosen.bind(["agent"], frozenset())  # as after a restart
                active = directives_of(bound)
                assert active is not None
                active.directives = directives
                columns = bound(b"".join(line + b"\n" for line in lines[start : start + size]), FAR_FUTURE)
                agents += columns.values["agent"]
                self.assertEqual(columns.malformed, 0)
            with self.subTest(size):
                self.assertEqual(agents, [b"curl"] * 5)

    def test_what_is_implausible_is_reported(self) -> None:
        for line, doubt in (
            (
                b'"/x","-","-",1728568536,"GET /a HTTP/1.0",200,5',
                "the source is not an address or host name on most lines, such as '/x'",
            ),
            (b'{"time":1728568536,"status":200,"path":"/a","agent":"17"}', "the agent is not text on most lines, such as '17'"),
            (b'{"time":1728568536,"status":200,"path":"/a","duration":900000}', "the median duration is 900,000 s"),
            (b'{"time":1728568536,"status":200,"path":"/a","remote_addr":"192.0.2.7"}', ""),
        ):
            chosen = Choice().choose("x.log", [(line + b"\n") * 5])
            assert chosen is not None
            with self.subTest(line):
                self.assertEqual(len(chosen.doubts), bool(doubt))
                self.assertIn(doubt, "".join(chosen.doubts))

    def test_connections_of_a_tcp_listener_are_no_requests(self) -> None:
        http = (
            b"2024-10-10T13:55:36.9Z lb 192.0.2.7:2817 10.0.0.1:80 0.000086 0.001048 0.001337 200 200 0 57"
            b' "GET https://a.b:443/a/b HTTP/1.1" "curl" - -\n'
        )
        tcp = b'2024-10-10T13:55:36.9Z lb 192.0.2.7:2817 10.0.0.1:80 0.001069 0.000028 0.000041 - - 82 305 "- - - " "-" - -\n'
        chosen = Choice().choose("x.log", [http + tcp * 2])
        assert chosen is not None
        columns = chosen.bind(["source"], frozenset())((http + tcp * 2) * 2, FAR_FUTURE)
        self.assertEqual((chosen.name, len(columns.seconds), columns.malformed), ("elb", 2, 0))


if __name__ == "__main__":
    unittest.main()
