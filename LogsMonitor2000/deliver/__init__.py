"""Notifications: alerts on their way to webhooks, mail, Alertmanager, commands, syslog and files.

    Alert ─▶ Delivery ─▶ Dispatch ─ Message ─▶ Channel
             a filter,    what is due, and      one kind of receiver; says
             a thread     what was sent: Outbox whether a retry makes sense

An `[[action]]` table becomes an `ActionSpec`: `registry` finds the module of its type in `channels/`, which reads its own keys; the
keys that all deliveries share are in `options`. Only runs with `[[action]]` tables import this room.
"""
