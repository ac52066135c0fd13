"""The line formats of servers, proxies and load balancers, as templates (`template`): one row each.

A row is all there is to a format. Where its server leaves things to its configuration, the row says what the default is; a
configuration of one's own can be pasted (`definitions`).
"""

from __future__ import annotations

from ..values.iso import EpochAnyTimestamps, IsoTimestamps, LocalClfTimestamps
from ..values.timestamps import EpochTimestamps
from .formats import read_common
from .template import TemplateFormat

_CLF_HINT = rb"\[\d\d/\w{3}/\d{4}:"
_COMBINED = '{source} {-} {user} [{time}] "{request}" {status} {size} "{referrer}" "{agent}"'
_COMMON_EXAMPLE = b'192.0.2.7 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif?x=1 HTTP/1.0" 200 2326'
_COMBINED_EXAMPLE = (
    b'192.0.2.7 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif?x=1 HTTP/1.0" 200 2326'
    b' "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"'
)

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
        "alb",
        "AWS Application Load Balancer; the duration is the sum of its three times",
        "{-:scheme} {time:iso} {-} {source:port} {-} {duration:sum} {status?} {-} {-} {size}"
        ' "{request}" "{agent}" {-} {-} {rest}',
        IsoTimestamps,
        (
            b"http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001"
            b' 0.000 200 200 34 366 "GET http://www.example.com:80/images/a.png HTTP/1.1" "curl/7.46.0" - - arn:aws:x "Root=1-58"'
            b' "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"',
            b"https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 - -1 -1 -1 460 - 0 0"
            b' "- http://www.example.com:443- -" "-" ECDHE-RSA TLSv1.2 - "-" "-" "-" - 2018-07-02T22:22:48.364000Z "-" "-" "-"',
        ),
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html",
        rb"(?m)^(?:https?|h2|wss?|grpcs?) \d{4}-",
    ),
    TemplateFormat(
        "elb",
        "AWS Classic Load Balancer; the duration is the sum of its three times",
        '{time:iso} {-} {source:port} {-} {duration:sum} {status?} {-} {-} {size} "{request}" "{agent}" {-} {-}',
        IsoTimestamps,
        (
            b"2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.000086 0.001048 0.001337 200 200 0 57"
            b' "GET https://www.example.com:443/a/b HTTP/1.1" "curl/7.38.0" DHE-RSA-AES128-SHA TLSv1.2',
            b"2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 - -1 0.5 -1 503 - 0 0"
            b' "GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -',
        ),
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html",
        rb"(?m)^\d{4}-\d\d-\d\dT[0-9:.]++Z [^ ]++ [^ ]+:\d++ ",
        skipped=rb'[^"]*+"- - - " ',  # a connection of a TCP listener
    ),
    TemplateFormat(
        "s3",
        "Amazon S3 server access log",
        '{-} {vhost} [{time}] {source} {user} {-} {-} {-} "{request}" {status?} {-} {size} {-} {duration:ms} {-}'
        ' "{referrer}" "{agent}"{rest}',
        examples=(
            b"79a59df9 awsexamplebucket [06/Feb/2019:00:00:38 +0000] 192.0.2.3 arn:aws:iam::1:user/a 3E57427F3EXAMPLE REST.GET.OBJECT"
            b' photos/a.png "GET /photos/a.png?v=1 HTTP/1.1" 200 - 113 2000 7 5 "-" "S3Console/0.4" - s9lzHY= SigV4 ECDHE-RSA',
            b"79a59df9 awsexamplebucket [06/Feb/2019:00:00:38 +0000] - svc:s3.amazonaws.com 3E57427F3EXAMPLE S3.CREATE.DELETEMARKER"
            b' photos/a.png "-" - - - - - - "-" "-" - s9lzHY= SigV4 - - - -',
        ),
        origin="https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html",
        hint=rb"(?m)^[^ ]++ [^ ]++ \[\d\d/\w{3}/\d{4}:",
    ),
    TemplateFormat(
        "haproxy",
        "HAProxy's httplog, after its syslog prefix or not",
        "{source:port_last} [{time:clf_local}] {-} {-} {-}/{-}/{-}/{-}/{duration:ms} {status?} {size} {-} {-} {-}"
        ' {-}/{-}/{-}/{-}/{-} {-}/{-} {-:braces}"{request}"{rest}',
        LocalClfTimestamps,
        (
            b"10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0"
            b' {1wt.eu} {} "GET /index.html HTTP/1.1"',
            b"10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in http-in/<NOSRV> -1/-1/-1/-1/5 400 187 - - PR-- 1/1/0/0/0 0/0"
            b' "<BADREQ>"',
        ),
        "https://docs.haproxy.org/2.8/configuration.html#8.2.3",
        rb":\d++ \[\d\d/\w{3}/\d{4}:[0-9:.]++\] ",
    ),
    TemplateFormat(
        "envoy",
        "Envoy's default text format",
        '[{time:iso}] "{request}" {status?} {-} {-} {size} {duration:ms} {-} "{source:hops}" "{agent}" "{-}" "{vhost}" "{-}"{rest}',
        IsoTimestamps,
        (
            b'[2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http"'
            b' "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "locations" "tcp://10.0.2.1:80"',
            b'[2016-04-15T20:17:00.310Z] "- - -" 0 UH 0 0 0 - "-" "-" "-" "-" "-"',
        ),
        "https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage",
        rb'(?m)^\[\d{4}-\d\d-\d\dT[0-9:.]++Z\] "',
    ),
    TemplateFormat(
        "istio",
        "Istio's default text format of Envoy",
        '[{time:iso}] "{request}" {status?} {-} {-} {-} "{-}" {-} {size} {duration:ms} {-} "{forwarded}" "{agent}" "{-}"'
        ' "{vhost}" "{-}" {-} {-} {-} {peer} {-}{rest}',
        IsoTimestamps,
        (
            b'[2020-11-25T21:26:18.409Z] "GET /status/418 HTTP/1.1" 418 - via_upstream - "-" 0 135 3 1 "-" "curl/7.73.0-DEV"'
            b' "84961386-6d84-929d-98bd-c5aee93b5c88" "httpbin:8000" "127.0.0.1:80" inbound|8000||'
            b" 127.0.0.1:41854 10.44.1.27:80 10.44.1.23:37652 outbound_.8000_._.httpbin.foo.svc.cluster.local default",
        ),
        "https://istio.io/latest/docs/tasks/observability/logs/access-log/",
        rb'(?m)^\[\d{4}-\d\d-\d\dT[0-9:.]++Z\] "',
    ),
    TemplateFormat(
        "istio_old",
        "Istio's text format before 1.6",
        '[{time:iso}] "{request}" {status?} {-} "{-}" "{-}" {-} {size} {duration:ms} {-} "{forwarded}" "{agent}" "{-}"'
        ' "{vhost}" "{-}" {-} {-} {-} {peer} {-}',
        IsoTimestamps,
        (
            b'[2019-03-06T09:31:27.354Z] "GET /status/418 HTTP/1.1" 418 - "-" "-" 0 135 11 10 "-" "curl/7.60.0"'
            b' "d209e46f-9ed5-9b61-bbdd-43e22662702a" "httpbin:8000" "172.30.146.73:80" outbound|8000||httpbin.default.svc.cluster.local'
            b" - 172.21.13.94:8000 172.30.146.82:60290 -",
        ),
        "https://istio.io/v1.5/docs/tasks/observability/logs/access-log/",
        rb'(?m)^\[\d{4}-\d\d-\d\dT[0-9:.]++Z\] "',
    ),
    TemplateFormat(
        "squid",
        "Squid's native format",
        "{time:epoch} {-:pad}{duration:ms} {source} {-}/{status?} {size} {method} {target:or_host} {user} {-}/{-} {-}{rest}",
        EpochTimestamps,
        (
            b"1066036250.603    310 192.0.2.7 TCP_MISS/200 1234 GET http://www.example.com/a/b?c=d - DIRECT/192.0.2.80 text/html",
            b"1066036250.603      0 192.0.2.7 TCP_DENIED/407 1234 CONNECT www.example.com:443 fred NONE/- text/html",
            b"1066036250.603      0 192.0.2.7 NONE/000 0 NONE error:transaction-end-before-headers - HIER_NONE/- -",
        ),
        "https://wiki.squid-cache.org/Features/LogFormat",
        rb"(?m)^\d{9,11}\.\d{3} ++\d++ ",
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
