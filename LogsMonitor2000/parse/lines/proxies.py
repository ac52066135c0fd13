"""The line formats of proxies, load balancers and object stores, as templates (`template`): one row each."""

from __future__ import annotations

from ..values.iso import IsoTimestamps, LocalClfTimestamps
from ..values.timestamps import EpochTimestamps
from .template import TemplateFormat

PROXIES = (
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
)
