"""Every bound of the monitor, with its reason: a log is written by strangers and may run for months."""

from __future__ import annotations

LINE_BYTES_MAX = 1 << 20
"""A longer line is malformed and costs no more memory than this. Servers cut request lines at 8 KiB; Docker cuts log lines at 16 KiB."""

CHUNK_BYTES = 1 << 20
"""What is summarised at once, by whichever process: large enough to make handing it over cheap, small enough to hold one per input.
Chunks begin at multiples of this in the stream, however it was read, so that whatever is done once a chunk does not depend on how."""

BLOCK_BYTES = 1 << 17
"""What one system call asks for and the parser takes at once: its columns, twice that in small objects, stay in a core's cache."""

KEYS_MAX = 100_000
"""Distinct keys of one counter in one bucket; past it only the heaviest are counted by key, the rest as `(other)`. About 10 MB each."""

COUNTER_BYTES_MAX = 16 << 20
"""Bytes of the keys of one counter in one bucket: room for 100,000 keys of 160 bytes, when most are 15 (addresses) to 100 (paths)."""

SKETCH_KEYS_MAX = 1_000
"""Keys of a sketch by key: between a microsecond and a day there are 2,500 bins of 100 bytes, of which one key fills 200, so 20 MB."""

DISTINCT_EXACT_MAX = 4_096
"""Distinct values that are counted exactly, in 300 KB; past it an estimate takes 16 KB, and a set would grow with the log."""

KEY_BYTES_MAX = 512
"""Bytes of a key of a counter; longer ones are cut, and counted together where they begin alike. A request's path may be as long as a
line, and a hundred thousand such keys more than any memory holds; no section or address of use to an operator is that long. What
a rule asks of a field that has few values, it asks of the key."""

LATENESS_SECONDS_EXACT = 3_600
"""Up to an hour lateness is counted by the second, and a buffer time of that length is advised; more in memory is rarely worth it."""

TIMESTAMPS_MAX = 2_000
"""Timestamps remembered by their text: half an hour of a log, small enough for a core's cache."""

CONVERTED_MAX = 20_000
"""Values (durations, addresses with ports) remembered by their text: about 4 MB, as each is short."""

CONVERTED_BYTES_MAX = 32 << 20
"""What all derived columns together may remember: there are as many as rules have conditions."""

CONVERTED_TEXT_BYTES_MAX = 512
"""A longer text is not remembered: paths of 8 KB would fill the memory with what hardly comes again."""

TIMESTAMP_BYTES_MAX = 40
"""A longer text is not remembered, neither of a timestamp nor of a converted value: none is that long."""

SIZE_DIGITS_MAX = 18
"""Digits of a response size: more does not fit 64 bits, and no response is that large."""

EPOCH_DIGITS_MAX = 12
"""Digits of a time in seconds: more would lie past the year 9999."""

ROWS_MAX = 48
"""Rows that text about a finished log has at most: two screens of a small terminal, and two days by the hour."""

SUMMARY_TOP = 10
"""Sections and sources in the summary of text."""

SPOOL_BYTES_MAX = 1 << 20
"""Messages held in memory until the rows between them are known; more go to a temporary file."""

SAMPLES_MAX = 5
"""Malformed lines shown; all are counted."""

SAMPLE_BYTES_MAX = 200
"""How much of a malformed line is shown."""

REASON_CHARACTERS_MAX = 120
"""Characters of the reason of a malformed line where a parser of one's own failed: its exception may quote the whole line."""

DRIFT_NOTICES_MAX = 20
"""Changes of format reported of an input: more is a log that several programs write at once."""

DETECT_LINES_MAX = 200
"""Lines looked at to recognise a format."""

ADVICE_KEYS_MAX = 50
"""Keys of an object that are looked at for what looks like a time, a status, a path, when no format fits."""

PLAUSIBLE_LINES_MAX = 50
"""Lines of which it is checked whether the columns of a detected format hold what they should: a few milliseconds."""

PLAUSIBLE_SECONDS_MAX = 3_600
"""A median duration of requests above this is another unit, or another column."""

DETECT_BYTES_MAX = 8_192
"""How much of a line is searched for hints at a format, and of the first lines for what is no text."""

SKEW_SECONDS = 86_400
"""How far ahead of the clock a time may lie when a finished log is read: a day, for logs brought over from another zone."""

SKEW_SECONDS_FOLLOWING = 60
"""The same for a log that is being written, where a wild time would make everything after it late."""

POLL_SECONDS = 0.1
"""How long following waits before it looks again for new bytes."""

CLOCK_STEP_SECONDS = 1.0
"""A clock that is set back by less is being adjusted, and delays nothing."""

HELD_UP_SECONDS = 1.0
"""When two polls of inputs lie further apart, the process was held up (stopped, swapped out, a slow disk) and did not observe silence."""

ACTION_FAILURES_MAX = 5
"""Failures in a row after which an action is switched off: one that works now and then stays."""

JOBS_MAX = 64
"""Worker processes: more than any machine gains from."""

JOB_BYTES_MIN = 16 << 20
"""Input that makes one more worker process worth starting, a tenth of a second's work."""

WORKER_SECONDS_MAX = 5
"""How long a worker that is no longer needed may take to end before it is killed; a chunk takes a twentieth of a second."""

HEAD_BYTES = 1 << 10
"""How much of a file's beginning identifies it; files with a longer common header are distinguished by the bytes before the offset."""

TAIL_BYTES = 512
"""How much before the offset must still be the same: long enough to hold the time of the last line, whose end, a browser's name,
is often that of the line before."""

GRACE_SECONDS = 5
"""How long a rotated file is read on after its last byte: servers take a moment to open the new file, logrotate signals them after
the rename, and a process that is busy with a request comes later still."""

SEARCH_SECONDS = 0.5
"""How often a directory is searched again while something there is not settled, and a glob is expanded: noticed within a second."""

SYSLOG_CONNECTIONS_MAX = 256
"""Senders of syslog over TCP at a time; one more ends the one that was silent for longest."""

SYSLOG_BUFFER_BYTES_MAX = 64 << 20
"""Unfinished messages of all senders together; past it the sender with the longest one is sent away."""

SYSLOG_RECEIVE_BUFFER_BYTES = 8 << 20
"""Asked of the kernel for datagrams: a second of 40,000 messages, should the monitor be held up."""

RELIST_SECONDS = 10
"""How often a directory is listed even if it seems unchanged: some network file systems do not keep its time of modification."""

BUSY_SECONDS = 10
"""A file that had something new this recently is polled at every turn: longer than servers take between two writes of a buffer."""

QUIET_POLLS_PER_SECOND = 1_000
"""Polls of quiet files, all together; each costs some microseconds, all of them less than a hundredth of a core."""

QUIET_POLL_SECONDS_MAX = 2.0
"""But no quiet file waits longer than the default buffer time, or its first lines would be late."""

STAMP_SECONDS = 2
"""The coarsest time stamps of files, those of FAT: a file written after another may seem as much older as this."""

POSITIONS_MAX = 10_000
"""Positions kept of logs that are not followed now, about a kilobyte each: more were found by a glob over names that never return."""

RACY_SECONDS = 0.1
"""A file that changed this shortly before it was looked at may change again without another time stamp: a kernel tick, and some."""

KNOWN_SECONDS = 60
"""How long a generation that is nowhere to be seen is remembered: until its compressed copy is complete."""

KNOWN_MAX = 200
"""Generations remembered for each followed name: more than any rotation keeps."""

SETTLE_POLLS_MAX = 10
"""How often a compressed file that breaks off is polled, each time twice as long after, before it counts as it is."""

GONE_SECONDS = 60
"""How long a name that a glob found may be missing before it is followed no more; should it come back, the glob finds it."""

DESCRIPTORS_MAX = 256
"""Files held open at once, at most half of what the system allows: the rest is for listings, state, output, workers."""

STATE_SECONDS = 1
"""How often the state is committed: what a crash lets be read again is no older."""

STATE_SHARE = 10
"""But whole snapshots take no more than a tenth of the time: windows of hours over many groups are megabytes."""

RECORDED_BYTES_MIN = 4 << 20
"""What is recorded beside a large snapshot before that is written again, however seldom it may be: a second's work to replay."""

RESUMED_MAX = 5
"""Inputs of which it is said at which line they resume; a glob may have found thousands."""

STATE_BYTES_MAX = 256 << 20
"""A larger snapshot is not one of ours."""

MINUTES_MAX = 64
"""Minutes of a log remembered by their text: lines come nearly in order."""

LEARNED_PATTERNS_MAX = 8
"""Patterns learned from the records of one input; when records still differ, the strict parser reads the rest."""

LEARNED_VALUES_MAX = 200
"""Values of a record that a pattern is learned from."""

LEARNED_BYTES_MAX = 1 << 16
"""How much of a block is searched, from its end, for a record to learn from; no longer one is: a pattern takes time to compile."""

PLANS_MAX = 64
"""Sets of keys of JSON records for which it is remembered where the fields are."""

PLAN_KEYS_MAX = 64
"""Keys of a record for which that is done."""

PLAN_BYTES_MAX = 4_096
"""Bytes of those keys, so that all plans together stay below 1 MB: keys are as long as a stranger likes."""

CACHED_PATTERN_BYTES_MAX = 512
"""Bytes of a pattern whose group names are remembered: subpatterns are shorter, and what is learned from a record may be long."""

JSON_DIGITS_MAX = 18
"""Digits of a number in a JSON record that the fast parser reads."""

HOP_BYTES_MAX = 60
"""A longer hop of an `X-Forwarded-For` is not an address: it is not trusted, and not remembered."""

DEFINITION_BYTES_MAX = 8_192
"""A pasted definition of a log format, and a `#Fields:` directive: real ones are shorter."""

DIRECTIVES_MAX = 16
"""Different `#Fields:` directives of one input whose parsers are kept: a log that mixes servers alternates between a few."""

CONF_BYTES_MAX = 1 << 20
"""A larger server configuration is refused: real ones are a tenth of it, and half of one would name half of the logs."""

CONFIG_BYTES_MAX = 1 << 20
"""How much of a configuration file is read: real ones are far smaller."""

KEY_PARTS_MAX = 32
"""Parts of a dotted key of a configuration: no option is nested more deeply than four tables."""

SECRET_BYTES_MAX = 4_096
"""How much of a file that holds a secret is read."""

WINDOW_SECONDS_MAX = 7 * 86_400
"""The longest window of a rule, and how far back it may compare: one small entry is held for each second."""

GROUPS_MAX = 50_000
"""Groups of a rule that are measured at once; past it those with the least are forgotten."""

STATES_MAX = 1_000
"""Groups of a rule that are pending or firing at once; more are counted and reported, as no one would read a thousand alerts."""

WINDOWS_BYTES_MAX = 256 << 20
"""What the windows of all rules over groups may take together; past it older seconds are merged into panes, then groups forgotten."""

PANES_MIN = 64
"""Panes that the longest window keeps at least, so that its edge is within two percent."""

UNIQUES_MAX = 131_072
"""Distinct values that a rule's window holds; past it, of its busiest seconds, every second, fourth, … of them is counted."""

HISTORY_ROWS_MAX = 60_000
"""Events sampled to attribute a change, of the last minutes and again of what is further back: some 25 MB each."""

HISTORY_DETAIL_SECONDS = 1_800
"""The last minutes, of which every second is sampled: two windows of a quarter of an hour."""

CHUNKS_REPLAYED_MAX = 12
"""Chunks whose samples are kept after an alert has asked for them, as the next one asks for most of them again; some 2 MB each."""

HISTORY_SECOND_ROWS_MIN, HISTORY_SECOND_ROWS_MAX = 10, 200
"""But never fewer or more than these of a second; they are its first, and stand for the others."""

HISTORY_LINE_SECONDS = 30
"""How old the lines may be that an alert shows."""

HISTORY_LINES_MAX = 5
"""Lines that an alert shows."""

CAUSES_MAX = 3
"""Values that an alert names as what changed."""

EXPLAINED_GROUPS_MAX = 5
"""Groups of a rule that are explained besides those that are pending or firing."""

HASHES_MAX = 100_000
"""Values whose hashes are remembered, about 15 MB: distinct counts see the same clients again and again."""

TOTALS_SECONDS = 60
"""The intervals from which the totals of a run are added up where there are no statistics, whose intervals would do."""

TRAFFIC_SECONDS = 5
"""The intervals by which counters of traffic grow: well below the 15 s at which Prometheus usually looks."""

SECTIONS_MAX = 10_000
"""Sections that may be asked for as labels of metrics; the default is 100. Each is up to six time series."""

LABEL_CHARS_MAX = 120
"""How much of a value of a log goes into a label; values that differ only behind that become one."""

ALERT_STATES_MAX = 1_000
"""States of alerts shown as metrics: rules, and groups of rules that have one for each."""

RESOLVED_SECONDS = 900
"""How long the state of a group is still shown as resolved: as long as Prometheus remembers its own resolved alerts."""

CLIENTS_MAX = 2_000
"""Connections of clients at once, but no more than half of the descriptors that the process may have. One more ends the one that has
been idle longest, so that those that stall lock no one out. An idle one costs some 3 KB."""

REQUEST_SECONDS_MAX = 5
"""How long a request may take to arrive as a whole, and a client to close after the last answer."""

ANSWER_SECONDS_MAX = 30
"""How long a client may take to read an answer: a megabyte over a poor mobile connection."""

IDLE_SECONDS_MAX = 75
"""How long a connection stays open without a request: more than the minute at which dashboards and Prometheus ask again."""

REQUEST_BYTES_MAX = 8_192
"""How long a request may be with its headers, as in common servers."""

DISCARDED_BYTES_MAX = 1 << 20
"""How much of what a client sends after its last answer is thrown away before the connection is closed all the same."""

PIPELINED_MAX = 16
"""Requests of one connection that are answered in a row before others have their turn."""

SEND_BUFFER_BYTES = 1 << 16
"""What the system holds for a client that does not read (it doubles this); by itself it would go up to several megabytes each."""

PENDING_BYTES_MAX = 8 << 20
"""Answers in memory that clients have yet to read, each counted once however many clients it is for; past it, those that have had
longest are ended. With the buffers of the system, 64 clients that never read cost at most 16 MB."""

GZIP_BYTES_MIN = 1_400
"""A shorter answer fits one packet as it is."""

CACHE_BYTES_MAX = 8 << 20
"""Answers that are kept until something changes."""

QUERY_FIELDS_MAX = 50
"""Parameters in a query."""

POINTS_MAX = 11_000
"""Steps in one answer, as with Prometheus."""

TOP_VALUES_MAX = 1_000
"""Values in one answer."""

STREAMS_MAX = 32
"""Clients that read events at once."""

STREAM_BYTES_MAX = 1 << 16
"""Events that are handed to a client at once; the others wait in the ring."""

RING_EVENTS_MAX, RING_BYTES_MAX = 2_000, 2 << 20
"""Events kept for clients that were cut off: some hours of statistics, or a storm of alerts."""

HEARTBEAT_SECONDS = 15
"""How often a stream without events shows that it is alive: less than the time-outs of common proxies."""

INTERVALS_MAX = 1_000
"""Intervals that the live page draws: close to three hours of ten seconds each, some 40 KB."""

PAGE_TOP = 20
"""Sections and sources that it lists."""

TOTALS_SHARE_MAX = 0.01
"""The share of its time that the reading thread may spend on its totals."""

SHOWN_TEXT_MAX = 500
"""Cells of a value on the live page; the middle of a longer one is left out."""

EPISODES_MAX = 1_000
"""Alerts of a run that are shown from start to end where no history is kept."""

STATUS_SECONDS = 0.5
"""How often the reading thread publishes how the run stands."""

HEALTHY_SECONDS = 60
"""A monitor whose reading thread has not published for longer is not at work."""

METRICS_PAUSE_SECONDS = 0.2
"""How soon metrics are put into words again after they have changed."""

QUEUE_EVENTS_MAX = 1_000
"""Events that wait for the server's thread before it is woken although no client asks: so that there is a bound."""

ACCEPT_PAUSE_SECONDS = 0.1
"""How long the server waits when the system has no descriptor left for a connection."""

SCENARIO_LINES_MAX = 1_000_000
"""Lines that a test of rules may repeat: a few seconds' work."""

SCENARIO_SECONDS_MAX = 400 * 86_400
"""How long after its first event a test of rules may end: a year and what may be compared with it."""

DELIVERY_ALERTS_MAX = 10_000
"""Alerts that one delivery keeps track of: those it has yet to send, and those that it sent as firing. About 10 MB."""

ALERT_TEXT_BYTES_MAX = 200
"""How much of a value from the log is sent; a longer one is cut, and a hash distinguishes it from others."""

ALERT_LINES_MAX = 5
"""Raw lines sent with an alert."""

ALERT_LINE_BYTES_MAX = 1_000
"""How much of each of these is sent."""

MESSAGE_ALERTS_MAX = 100
"""Alerts in one message; the others of its group are counted in it. Some 200 KB of JSON, which every receiver takes."""

RETRY_SECONDS = 1.0
"""The first pause after a failed delivery is up to this, each further one up to twice as long."""

RETRY_SECONDS_MAX = 60.0
"""But no longer than this: a receiver that is back is found within a minute."""

RETRY_AFTER_SECONDS_MAX = 3_600
"""A receiver that asks for a longer pause is asked again after this one."""

RESPONSE_BYTES_MAX = 1 << 16
"""How much of a response's body is read."""

SLACK_CHARACTERS_MAX = 4_000
"""Slack cuts a longer text off."""

DISCORD_CHARACTERS_MAX = 2_000
"""Discord refuses a longer one."""

TEAMS_BYTES_MAX = 24_000
"""Teams refuses a card of more than 28 KB, all of it counted."""

SAVE_AGAIN_SECONDS = 1.0
"""How often pending alerts that could not be saved are tried again: the disk was full, or another process held a lock."""

OUTBOX_ROW_BYTES_MAX = 1 << 17
"""A longer row of an outbox was not written by the monitor: an alert whose every byte is escaped has less than half of it."""

MESSAGE_NAMES_MAX = 5
"""Names of alerts in a headline; the others are counted."""

SYSLOG_DATAGRAM_BYTES_MAX = 2_048
"""What every receiver of RFC 5424 should take."""

SYSLOG_STREAM_BYTES_MAX = 8_192
"""What rsyslog takes by default."""

ALERTMANAGER_ALERTS_MAX = 64
"""Alerts in one request to Alertmanager, as many as Prometheus sends."""

ALERTMANAGER_RESOLVED_SECONDS = 300
"""How long an alert that is over is still sent to Alertmanager, which forgets it when it is restarted meanwhile."""

COMMAND_OUTPUT_BYTES_MAX = 4_096
"""How much of a command's output is kept to show why it failed; the rest is read and thrown away."""

DAMAGED_FILES_MAX = 10
"""Damaged databases that are kept; the last one is overwritten, as a disk that fails would otherwise fill up."""

LOCKED_MILLISECONDS_MAX = 100
"""How long a commit waits for another process that has locked the state: what cannot be saved now is saved with the next one."""

PIECE_BYTES = 16 << 20
"""What a report maps at a time: a tenth of a second of work, so that handing it to a process costs nothing beside it."""

PIECES_AHEAD = 2
"""Pieces handed to each process of a report before the first of them is merged: their states wait in memory."""

TESTS_MAX = 100_000
"""Different tests and results that a report of results distinguishes; the lighter half past it is counted as `(other)`."""

CLUSTER_RETRIES = 3
"""How often a piece is mapped again on a cluster: workers die, and a piece that kills its workers must not go round for ever."""

CLUSTER_SECONDS_MAX = 30
"""How long to wait for a Dask scheduler."""

DASHBOARD_KEYS_MAX = 1_000
"""Values of a field that a panel can scroll through; twice as many are counted before the least are dropped."""

DASHBOARD_SERIES_MAX = 7_200
"""Intervals of each width that the chart keeps: two hours by the second, five days by the minute, ten months by the hour."""

DASHBOARD_ROWS_MAX = 20_000
"""Recent events that filters look at, some 15 MB: a filter takes a tenth of a second."""

DASHBOARD_LINES_MAX = 2_000
"""Raw lines that the dashboard can show."""

DASHBOARD_ALERTS_MAX = 500
"""Transitions of alerts that it lists."""

DASHBOARD_NOTICES_MAX = 50
"""Notices and malformed lines that it lists."""

DASHBOARD_FRAME_SECONDS = 0.25
"""It is drawn four times a second at most."""

HISTORY_VALUES_MAX = {10: 1_000, 60: 5_000, 3_600: 10_000, 86_400: 100_000}
"""Values of a field in a bucket of history, by its width in seconds: so many are exact, and past it the heavier half is kept."""

HISTORY_BYTES_MAX = {10: 1 << 20, 60: 2 << 20, 3_600: 4 << 20, 86_400: 16 << 20}
"""Bytes of these values: most are 15 (addresses) to 100 (paths) long."""

HISTORY_USERS_MAX = 100_000
"""Users of a day that have a row of their own in history; those that come later that day are in `(other)`."""

HISTORY_QUERY_VALUES_MAX = 1_000_000
"""Values that one query of history merges before it forgets the lighter half: some 200 MB."""

HISTORY_BUCKETS_MAX = 100_000
"""Buckets that one query of history reads: a few seconds."""

HISTORY_ROWS_FAN = 16
"""Rows of a bucket that are merged into one: what a commit adds is a row of its own, so that it need not rewrite the bucket of a day."""

HISTORY_PRUNED_MAX = 2_000
"""Rows that a commit deletes at most: some milliseconds."""

HISTORY_SWEPT_MAX = 300
"""Rows that a commit looks at to merge those of buckets that nothing is added to any more."""

HISTORY_MERGED_MAX = 50
"""Buckets that it merges for that: some 20 ms."""

HISTORY_ALERTS_MAX = 100_000
"""Episodes of alerts that history keeps, the newest ones: some 30 MB."""

HISTORY_UNSAVED_MAX = 2_000_000
"""Requests that wait while the state cannot be saved, some 200 MB at worst; past it history loses them, and says how many."""

BROKER_MESSAGE_BYTES_MAX = 2 << 20
"""Of a message, as it comes and unpacked: a batch of `ship` and the longest line. Larger ones go to the dead-letter queue."""

BROKER_BATCH_BYTES = 256 << 10
"""`ship` publishes as soon as it has this much: ten times as much is hardly faster, and is held in memory ten times as long."""

BROKER_PREFETCH = 64
"""Messages that are delivered and not yet acknowledged: 16 MB of what `ship` sends, 128 MB of the largest."""

BROKER_NAME_LENGTH_MAX = 1_024
"""Characters of a host, a file or a sender."""

BROKER_INPUTS_MAX = 10_000
"""Different (host, file) of a queue; messages of further ones go to the dead-letter queue."""

BROKER_SENDERS_MAX = 20_000
"""Whose positions are kept; the one that was silent for longest is forgotten for one more."""

BROKER_RANGES_MAX = 1_000
"""Separate ranges of bytes of one sender; for one more, the oldest gap is given up and counted as lost bytes."""

BROKER_RETRY_SECONDS_MAX = 10.0
"""The longest pause before a broker that is away is tried again."""

BROKER_TIMEOUT_SECONDS = 10.0
"""For a connection to be made, and for a publisher that the broker blocks."""

BROKER_HEARTBEAT_SECONDS = 30
"""A peer that is silent for twice as long is taken to be dead."""
