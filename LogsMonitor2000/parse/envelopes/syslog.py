r"""A syslog prefix.

RFC 3164: `<134>Oct 11 22:14:15 host haproxy[4321]: `, perhaps without priority or host, perhaps with an ISO 8601 time.
RFC 5424: `<134>1 2003-10-11T22:14:15.003Z host app 4321 ID47 [data] `, perhaps with a byte-order mark after it.
"""

from __future__ import annotations

from .prefix import ISO, Prefix

_TIMESTAMP = rb"(?:[A-Z][a-z]{2} [ \d]\d(?: \d{4})?+ \d\d:\d\d:\d\d(?:\.\d++)?+|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d++)?+(?:Z|[+-]\d\d:?+\d\d)?+)"
_TAG = rb"[^ \[\]:\n]{1,64}+(?:\[[^\]\n ]{0,32}+\])?+:"
_IPV6 = rb"[\dA-Fa-f]{0,4}+:[\dA-Fa-f]{0,4}+:[\dA-Fa-f:.]*+(?:%\w++)?+"  # its beginning looks like a tag
_RFC3164 = rb"(?:<\d{1,3}+>)?+%s:?+ (?:%s |(?:[^ \n]{1,255}+ )??)%s[ ]?+" % (_TIMESTAMP, _IPV6, _TAG)
_ELEMENT = rb'\[(?:[^"\]\\\n]++|"(?:[^"\\\n]++|\\.)*+")*+\]'
_RFC5424 = (
    rb"<\d{1,3}+>\d{1,2}+ [^ \n]++ [^ \n]++ [^ \n]++ [^ \n]++ [^ \n]++ (?:-|(?:%s)++)"
    rb"(?: (?:\xef\xbb\xbf)?+|(?=\r?+(?:\n|\Z)))" % _ELEMENT
)


class Syslog(Prefix):
    name = "syslog"
    missing = "no valid syslog prefix"
    begins = rb"<|[A-Z][a-z]++ |\d{4}-\d\d-\d\dT"
    prefix = rb"%s|%s" % (_RFC5424, _RFC3164)
    time = ISO  # RFC 3164's has no year
