"""Under which names records hold the fields of an event, as data: first come, first served.

A place is a path of keys; it may have a number of decimal places by which its unit is smaller than a second, and a key that the
record must also have, where two servers mean different things by one name. Sources of the names: nginx's variables, the
access log pages of Caddy, Traefik, Envoy and Istio, Google Cloud's HttpRequest, the Elastic Common Schema, ltsv.org.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_PLACE = re.compile(r"(.+?)(?::(\d)(?:\?(.+))?)?")

Path = tuple["str | int", ...]


class Place(NamedTuple):
    """Where a field may be found."""

    path: Path
    shift: int = 0
    needs: str | None = None


def places_of(*texts: str) -> tuple[Place, ...]:
    """`a.b` is `b` in the object `a`, or the dotted name itself; `name:3` is in milliseconds, `name:3?key` if `key` is there."""
    places: list[Place] = []
    for text in texts:
        found = _PLACE.fullmatch(text)
        assert found is not None
        name, shift, needs = found.groups()
        path: Path = tuple(int(part) if part.isdigit() else part for part in name.split("."))
        places.append(Place(path, int(shift or 0), needs or None))
        if len(path) > 1:
            places.append(Place((name,), int(shift or 0), needs or None))
    return tuple(places)


SYNONYMS: dict[str, tuple[Place, ...]] = {
    "time": places_of(
        *("time", "ts", "timestamp", "@timestamp", "time_iso8601", "time_local", "msec", "start_time", "StartUTC", "datetime"),
        *("date", "t", "event_time", "eventTime", "request_time_iso", "receiveTimestamp"),
    ),
    "source": places_of(
        *(
            "remote_addr",
            "request.client_ip",
            "request.remote_ip",
            "request.remote_addr",
            "ClientHost",
            "downstream_remote_address",
            "req.remoteAddress",
            "request.ip",
            "http.request.remoteaddr",
            "downstream_direct_remote_address",
        ),
        *(
            "httpRequest.remoteIp",
            "source.ip",
            "client.ip",
            "source.address",
            "client.address",
            "remote_ip",
            "client_ip",
            "clientip",
        ),
        *("clientIp", "client_addr", "remoteAddr", "remoteAddress", "remote_host", "remotehost", "ip", "src_ip", "source_ip"),
        *("ClientAddr", "fwd", "client", "remote", "source", "c-ip", "addr", "peer"),
    ),
    "user": places_of("remote_user", "user_id", "ClientUsername", "user.name", "username", "auth_user", "authuser", "user"),
    "vhost": places_of(
        *(
            "http_host",
            "request.host",
            "req.headers.host",
            "http.request.host",
            ":authority",
            "RequestHost",
            "RequestAddr",
            "authority",
            "url.domain",
            "server_name",
        ),
        *("vhost", "virtual_host", "server.domain", "host.name", "host", "hostname", "domain"),
    ),
    "request": places_of("request", "req", "request_line", "http_request"),
    "method": places_of(
        *(
            "request_method",
            "request.method",
            "http.request.method",
            "RequestMethod",
            "httpRequest.requestMethod",
            "http.request.method",
            "method",
        ),
        *("http_method", "verb", "req.method", "requestMethod", "cs-method"),
    ),
    "target": places_of(
        *(
            "request_uri",
            "request.uri",
            "RequestPath",
            "x-envoy-origin-path",
            "request.path",
            "http.request.uri",
            "httpRequest.requestUrl",
            "url.original",
            "url.full",
            "url.path",
            "path",
        ),
        *("uri", "url", "request_url", "request_path", "req.url", "requestUri", "requestUrl", "target", "http_path"),
    ),
    "protocol": places_of(
        *(
            "server_protocol",
            "request_proto",
            "request_protocol",
            "request.proto",
            "RequestProtocol",
            "httpRequest.protocol",
            "protocol",
            "proto",
            "http_version",
        ),
        *("http.version",),
    ),
    "status": places_of(
        *("status", "DownstreamStatus", "response_code", "httpRequest.status", "http.response.status_code", "status_code"),
        *(
            "statusCode",
            "code",
            "http_status",
            "res.status",
            "res.statusCode",
            "http.response.status",
            "response_status",
            "response.status",
            "sc-status",
        ),
    ),
    "size": places_of(
        *(
            "body_bytes_sent",
            "response_body_size",
            "size",
            "DownstreamContentSize",
            "httpRequest.responseSize",
            "http.response.body.bytes",
        ),
        *(
            "http.response.bytes",
            "http.response.written",
            "response.length",
            "bytes_sent",
            "bytes",
            "response_size",
            "resp_size",
            "content_length",
            "responseSize",
            "length",
        ),
        *("bytes_out", "body_size", "sc-bytes"),
    ),
    "referrer": places_of(
        *(
            "http_referer",
            "http_referrer",
            "request_referer",
            "req.headers.referer",
            "http.request.referer",
            "request.referer",
            "request.headers.Referer.0",
            "request_Referer",
            "httpRequest.referer",
        ),
        *("http.request.referrer", "referer", "referrer", "Referer"),
    ),
    "agent": places_of(
        *(
            "http_user_agent",
            "request_user_agent",
            "req.headers.user-agent",
            "http.request.useragent",
            "user-agent",
            "request.user-agent",
            "request.headers.User-Agent.0",
            "request_User-Agent",
            "httpRequest.userAgent",
        ),
        *("user_agent.original", "user_agent", "useragent", "userAgent", "agent", "ua", "User-Agent"),
    ),
    "duration": places_of(
        *(
            "request_time",
            "Duration:9",
            "duration:3?response_code",
            "duration:3?controller",
            "duration:3?log_type",
            "duration",
            "httpRequest.latency",
            "event.duration:9",
        ),
        *(
            "response_time",
            "reqtime",
            "elapsed",
            "latency:9?latency_human",
            "latency",
            "response.latency:9",
            "http.response.duration",
            "time_elapsed:6",
            "service:3?dyno",
            "duration_s",
            "duration_ms:3",
            "latency_ms:3",
            "elapsed_ms:3",
        ),
        *("response_time_ms:3", "request_time_ms:3", "time_ms:3", "took_ms:3", "responseTime:3", "duration_us:6"),
        *("reqtime_microsec:6", "duration_ns:9", "latency_ns:9", "took", "dur"),
    ),
    "forwarded": places_of(
        *("http_x_forwarded_for", "x_forwarded_for", "request.headers.X-Forwarded-For.0", "request_X-Forwarded-For", "xff"),
        *("forwardedfor", "forwarded_for", "x-forwarded-for", "X-Forwarded-For"),
    ),
}
