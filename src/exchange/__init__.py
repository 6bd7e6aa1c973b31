"""Requests as handlers see them, and replies: conditions, pages, replays, streams, views of rows.

Nothing here decides anything about bookings.
"""
