"""Alerts on their way to somebody who is not looking at the terminal: webhooks, mail, commands, syslog, files.

    Alert ─▶ Delivery ─▶ Dispatch ─ Message ─▶ Channel
             a filter,    what is due and        one kind of receiver; says
             a worker     what was told: Outbox  whether to try again

Only runs with `[[action]]` tables import this folder.
"""
