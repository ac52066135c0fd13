"""The line formats of web servers and application servers, as templates (`template`): one row each.

A row is all there is to a format. Where its server leaves things to its configuration, the row says what the default is; a
configuration of one's own can be pasted (`definitions`). Those of proxies and load balancers are in `proxies`.
"""

from __future__ import annotations

from functools import partial

from ..values.iso import EpochAnyTimestamps, IsoTimestamps
from ..values.strftime import StrftimeTimestamps, strftime_pattern
from .formats import read_common
from .template import TemplateFormat

_CLF_HINT = rb"\[\d\d/\w{3}/\d{4}:"
_COMBINED = '{source} {-} {user} [{time}] "{request}" {status} {size} "{referrer}" "{agent}"'
_COMMON_EXAMPLE = b'192.0.2.7 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif?x=1 HTTP/1.0" 200 2326'
_COMBINED_EXAMPLE = (
    b'192.0.2.7 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif?x=1 HTTP/1.0" 200 2326'
    b' "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"'
)

_LOCAL = "%d/%b/%Y %H:%M:%S"
_LOCAL_TIMES, _LOCAL_TIME = partial(StrftimeTimestamps, _LOCAL), strftime_pattern(_LOCAL)
_GIN = "%Y/%m/%d - %H:%M:%S"

SERVERS = (
    TemplateFormat(
        "forwarded",
        'combined with "X-Forwarded-For" after it: the log_format main of nginx.conf',
        _COMBINED + ' "{forwarded}"',
        examples=(_COMBINED_EXAMPLE + b' "198.51.100.9, 10.0.0.3"', _COMBINED_EXAMPLE + b' "-"'),
        origin="https://nginx.org/en/docs/http/ngx_http_log_module.html",
        hint=_CLF_HINT,
        fallback=read_common,
    ),
    TemplateFormat(
        "forwarded_timed",
        'combined with "X-Forwarded-For", request time and upstream times after it',
        _COMBINED + ' "{forwarded}" {duration:fraction}{rest}',
        examples=(
            _COMBINED_EXAMPLE + b' "198.51.100.9" 0.125 0.120',
            _COMBINED_EXAMPLE + b' "-" 0.001 - .',
        ),
        origin="https://nginx.org/en/docs/http/ngx_http_log_module.html",
        hint=_CLF_HINT,
        fallback=read_common,
    ),
    TemplateFormat(
        "timed",
        "combined with the request time in seconds after it, perhaps more",
        _COMBINED + " {duration:fraction}{rest}",
        examples=(_COMBINED_EXAMPLE + b" 0.125", _COMBINED_EXAMPLE + b' 0.125 0.120 "www.example.com"'),
        origin="https://nginx.org/en/docs/http/ngx_http_log_module.html",
        hint=_CLF_HINT,
        fallback=read_common,
    ),
    TemplateFormat(
        "timed_first",
        "combined with the request time in seconds before the referrer: Datadog's advice for nginx",
        '{source} {-} {user} [{time}] "{request}" {status} {size} {duration:fraction} "{referrer}" "{agent}"{rest}',
        examples=(_COMBINED_EXAMPLE.replace(b" 2326 ", b" 2326 0.125 "),),
        origin="https://docs.datadoghq.com/integrations/nginx/",
        hint=_CLF_HINT,
        fallback=read_common,
    ),
    TemplateFormat(
        "common_timed",
        "common with the time in seconds after it: Puma and Rack",
        '{source} {-} {user} [{time}] "{request}" {status} {size} {duration:fraction}',
        examples=(_COMMON_EXAMPLE + b" 0.0120",),
        origin="https://github.com/rack/rack/blob/main/lib/rack/common_logger.rb",
        hint=_CLF_HINT,
        fallback=read_common,
    ),
    TemplateFormat(
        "gunicorn",
        "gunicorn on a unix socket: combined without a client",
        '- {user} [{time}] "{request}" {status} {size} "{referrer}" "{agent}"{rest}',
        examples=(b' - - [22/Dec/2024:02:46:21 +0000] "GET /a/b HTTP/1.0" 200 2137 "-" "curl/8.5.0"',),
        origin="https://docs.gunicorn.org/en/stable/settings.html#access-log-format",
        hint=rb"(?m)^ ?- [^ ]++ \[\d\d/\w{3}/\d{4}:",
    ),
    TemplateFormat(
        "client_time",
        "common without ident and user",
        '{source} [{time}] "{request}" {status} {size}',
        examples=(b'192.0.2.7 [10/Oct/2000:13:55:36 -0700] "GET /a/b?x=1 HTTP/1.0" 200 2326',),
        origin="https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format",
        hint=rb"(?m)^[^ ]++ (?:- )?+\[\d\d/\w{3}/\d{4}:",
    ),
    TemplateFormat(
        "client_dash_time",
        "common without user",
        '{source} - [{time}] "{request}" {status} {size}',
        examples=(b'192.0.2.7 - [10/Oct/2000:13:55:36 -0700] "GET /a/b?x=1 HTTP/1.0" 200 2326',),
        origin="https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format",
        hint=rb"(?m)^[^ ]++ (?:- )?+\[\d\d/\w{3}/\d{4}:",
    ),
    TemplateFormat(
        "django",
        "Django's runserver",
        '[{time:own}] "{request}" {status} {size}',
        _LOCAL_TIMES,
        (b'[10/Oct/2024 13:55:30] "GET /a/b?x=1 HTTP/1.1" 200 978',),
        "https://docs.djangoproject.com/en/stable/ref/django-admin/#runserver",
        rb"\[\d\d/\w{3}/\d{4} \d\d:\d\d:\d\d\]",
        time_pattern=_LOCAL_TIME,
    ),
    TemplateFormat(
        "werkzeug",
        "Werkzeug (Flask), Python's http.server: common with a local time",
        '{source} {-} {user} [{time:own}] "{request}" {status} {size}',
        _LOCAL_TIMES,
        (
            b'192.0.2.7 - - [10/Oct/2024 13:55:30] "GET /a/b?x=1 HTTP/1.1" 200 -',
            b'192.0.2.7 - - [10/Oct/2024 13:55:30] "GET /a/b?x=1 HTTP/1.1" 404 12',
        ),
        "https://docs.python.org/3/library/http.server.html",
        rb"\[\d\d/\w{3}/\d{4} \d\d:\d\d:\d\d\]",
        time_pattern=_LOCAL_TIME,
    ),
    TemplateFormat(
        "werkzeug_timed",
        "the same with seconds after it: Rack and Sinatra as they were",
        '{source} {-} {user} [{time:own}] "{request}" {status} {size} {duration:fraction}',
        _LOCAL_TIMES,
        (b'192.0.2.7 - - [10/Oct/2024 13:55:30] "GET /a/b?x=1 HTTP/1.1" 200 12 0.0120',),
        "https://github.com/rack/rack/blob/1.6.13/lib/rack/commonlogger.rb",
        rb"\[\d\d/\w{3}/\d{4} \d\d:\d\d:\d\d\]",
        time_pattern=_LOCAL_TIME,
    ),
    TemplateFormat(
        "npm_proxy",
        "Nginx Proxy Manager",
        '[{time}] {-} {-:list} {status?} - {method} {-} {vhost} "{target}" [Client {source}] [Length {size}] [Gzip {-}]'
        ' [Sent-to {-}] "{agent}" "{referrer}"',
        examples=(
            b'[24/Jan/2022:16:51:02 +0000] - 404 404 - GET http a.b "/a/b" [Client 192.0.2.7] [Length 192] [Gzip -]'
            b' [Sent-to 10.0.0.5] "curl/8.5.0" "-"',
        ),
        origin="https://github.com/NginxProxyManager/nginx-proxy-manager/blob/develop/docker/rootfs/etc/nginx/conf.d/include/log-proxy.conf",
        hint=rb"\[Client [^\]]*+\] \[Length ",
    ),
    TemplateFormat(
        "gin",
        "Gin's console",
        '[GIN] {time:own} | {status} |{-:pad}{duration:unit} |{-:pad}{source} | {method} {-:pad}"{target}"',
        partial(StrftimeTimestamps, _GIN),
        (b'[GIN] 2024/10/10 - 13:55:36 | 200 |     125.5\xc2\xb5s |       192.0.2.7 | GET      "/a/b?x=1"',),
        "https://gin-gonic.com/docs/examples/custom-log-format/",
        rb"(?m)^\[GIN\] ",
        time_pattern=strftime_pattern(_GIN),
    ),
    TemplateFormat(
        "timed_rt",
        "combined with rt= and other named times after it: the example of nginx's documentation",
        _COMBINED + " rt={duration}{rest}",
        examples=(
            _COMBINED_EXAMPLE + b' rt=0.125 uct="0.001" uht="0.120" urt="0.120"',
            _COMBINED_EXAMPLE + b" rt=0.125",
        ),
        origin="https://docs.nginx.com/nginx/admin-guide/monitoring/logging/",
        hint=_CLF_HINT,
        fallback=read_common,
    ),
    TemplateFormat(
        "ingress",
        "ingress-nginx's default: combined with request length and request time after it",
        _COMBINED + " {-} {duration:fraction} [{rest}",
        examples=(_COMBINED_EXAMPLE + b" 412 0.125 [web-80] [] 10.0.0.9:8080 512 0.120 200 4b3c",),
        origin="https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/log-format/",
        hint=_CLF_HINT,
        fallback=read_common,
    ),
    TemplateFormat(
        "ingress_old",
        "ingress-nginx before 0.26: the client twice",
        '{source} - [{-}] - {user} [{time}] "{request}" {status} {size} "{referrer}" "{agent}" {-} {duration:fraction} [{rest}',
        examples=(
            _COMBINED_EXAMPLE.replace(b" - frank", b" - [192.0.2.7] - frank")
            + b" 412 0.125 [web-80] 10.0.0.9:8080 512 0.120 200 4b3c",
        ),
        origin="https://github.com/kubernetes/ingress-nginx/blob/nginx-0.25.1/docs/user-guide/nginx-configuration/log-format.md",
        hint=rb" - \[[0-9A-Fa-f.:]++\] - ",
    ),
    TemplateFormat(
        "traefik",
        "Traefik's common format: combined, number of the request, router, server, milliseconds",
        _COMBINED.replace("{status}", "{status?}") + ' {-} "{-}" "{-}" {duration:ms}ms',
        examples=(
            _COMBINED_EXAMPLE + b' 4711 "web@docker" "http://10.0.0.3:8080" 125ms',
            _COMBINED_EXAMPLE + b' 1 "-" "-" 0ms',
            _COMBINED_EXAMPLE.replace(b" 200 2326", b" - -") + b' 2 "-" "-" 0ms',
        ),
        origin="https://doc.traefik.io/traefik/observability/access-logs/",
        hint=rb"\dms(?:\s|\Z)",
        fallback=read_common,
    ),
    TemplateFormat(
        "lighttpd",
        "lighttpd's default: combined with the virtual host in second place",
        '{source} {vhost:name} {user} [{time}] "{request}" {status} {size} "{referrer}" "{agent}"',
        examples=(_COMBINED_EXAMPLE.replace(b" - frank", b" www.example.com frank"),),
        origin="https://redmine.lighttpd.net/projects/lighttpd/wiki/Mod_accesslog",
        hint=_CLF_HINT,
        fallback=read_common,
    ),
    TemplateFormat(
        "varnishncsa",
        "varnishncsa's default: combined with an absolute address in the request",
        '{source} {-} {user} [{time}] "{request:absolute}" {status} {size} "{referrer}" "{agent}"',
        examples=(_COMBINED_EXAMPLE.replace(b"/apache_pb.gif", b"http://www.example.com/apache_pb.gif"),),
        origin="https://varnish-cache.org/docs/trunk/reference/varnishncsa.html",
        hint=rb'"[A-Z]++ https?://',
        fallback=read_common,
    ),
    TemplateFormat(
        "api_requests",
        "time, customer, path, status, seconds",
        "{time:iso_space} {user} {target} {status} {duration}",
        IsoTimestamps,
        (b"2024-01-01 00:00:00 cust_1 /api/v1/resource1 200 0.123",),
        "this project's mission",
        rb"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [^ ]++ /",
    ),
    TemplateFormat(
        "connections",
        "epoch second, host from, host to",
        "{time:epoch_any} {source} {vhost}",
        EpochAnyTimestamps,
        (b"1366815793 quark garak",),
        "this project's mission",
        rb"(?m)^\d{9,20} [^ ]++ [^ \n]++\s*$",
    ),
)
