"""History: what the traffic was, in buckets of 10 s, 1 min, 1 h and 1 day that the state's database keeps.

    digests ──▶ Recorder ── one transaction a commit ──▶ store (rows) ──▶ StoredHistory ──▶ web

`measures` says what is measured, `content` what a bucket holds and how it is merged and stored, `store` how rows are added, merged and
pruned, `recorder` takes part in the commits, and `reader` answers queries, also while another process commits.
"""
