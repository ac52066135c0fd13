# The monitor's default work in awk: mawk -f mawk.awk FILE
#
# The same numbers in the same JSON lines (without the summary), for combined and common logs: hits, bytes, status classes and the
# top 3 of sections and sources every 10 s, the alert above 10 hits/s over 120 s, 2 s of lateness judged in the order of the file.
# It takes lines to be well-formed and times to be in UTC, which the monitor does not; with `-v check=1` it also skips the lines
# that do not have the structure of the format, as the monitor does.
#
# At most two intervals are open at once, as seconds stay open for 2 s; so two sets of arrays, used in turn, hold what is counted.

function epoch(stamp,    day, d, m, y) {
    day = substr(stamp, 2, 11)
    if (!(day in midnight)) {
        d = substr(day, 1, 2) + 0; m = (index("JanFebMarAprMayJunJulAugSepOctNovDec", substr(day, 4, 3)) + 2) / 3; y = substr(day, 8) + 0
        if (m <= 2) { y--; m += 12 }
        midnight[day] = (365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5) + d - 719469) * 86400
    }
    return midnight[day] + substr(stamp, 14, 2) * 3600 + substr(stamp, 17, 2) * 60 + substr(stamp, 20, 2)
}

function close_second(t) {
    window += hits[t] - hits[t - 120]; delete hits[t - 120]
    if (!firing && window > 1200) { firing = 1; alert("firing", t) }
    else if (firing && window <= 1200) { firing = 0; alert("resolved", t) }
    if (t % 10 == 9) report(t - 9)
}

function alert(state, t) { printf "{\"event\":\"alert\",\"state\":\"%s\",\"time\":%d,\"value\":%.15g}\n", state, t, window / 120 }

function report(time,    set) {
    set = time / 10 % 2
    if (!lines[set]) return
    printf "{\"event\":\"stats\",\"time\":%d,\"hits\":%d,\"bytes\":%.0f,\"statuses\":{", time, lines[set], bytes[set]
    separator = ""
    for (class = 1; class <= 9; class++) if (statuses[set, class]) {
        printf "%s\"%dxx\":%d", separator, class, statuses[set, class]; separator = ","; delete statuses[set, class]
    }
    printf "},\"sections\":["; if (set) top(sections1); else top(sections0)
    printf "],\"sources\":["; if (set) top(sources1); else top(sources0)
    print "]}"
    lines[set] = bytes[set] = 0
}

# Print the three keys with the highest counts, equals by name, and empty the array.
function top(counts,    key, n, a, b, c, most, second, third) {
    for (key in counts) {
        n = counts[key]
        if (n < third) continue
        if (n > most || n == most && key < a) { third = second; c = b; second = most; b = a; most = n; a = key }
        else if (n > second || n == second && key < b) { third = second; c = b; second = n; b = key }
        else if (n > third || key < c) { third = n; c = key }
    }
    if (most) printf "[\"%s\",%d]", a, most
    if (second) printf ",[\"%s\",%d]", b, second
    if (third) printf ",[\"%s\",%d]", c, third
    split("", counts)
}

check && $0 !~ /^[^ ]+ [^ ]+ [^ ]+ \[[^ ]+ [-+][0-9]+\] "[^"]*" [0-9][0-9][0-9] ([0-9]+|-)( |$)/ { malformed++; next }

{
    if ($4 != stamp) { stamp = $4; t = epoch(stamp) }
    if (t > newest) {
        if (!newest) now = t
        newest = t
        while (now < newest - 2) close_second(now++)
    } else if (newest - t > 2) next
    if (t < now) now = t
    hits[t]++
    section = match($7, "^/[^/?#]*") ? substr($7, 1, RLENGTH) : "-"
    if (int(t / 10) % 2) { set = 1; sections1[section]++; sources1[$1]++ } else { set = 0; sections0[section]++; sources0[$1]++ }
    lines[set]++; bytes[set] += $10; statuses[set, substr($9, 1, 1)]++
}

END {
    while (now <= newest) close_second(now++)
    if (now % 10) report(now - now % 10)
}
