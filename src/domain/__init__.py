"""What Holdfast knows about booking, as pure functions over plain values.

No clock, no I/O, no framework: the caller brings the facts and the time.
"""
