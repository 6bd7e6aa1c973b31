"""What is counted of the feed, of what is remembered and of the streams: see app.metrics.

Here because whatever counts lies below the app. Where several workers share a port, their
counts are added up; of a lag the longest is told.
"""

from prometheus_client import Counter, Gauge

CACHE_HITS = Counter("holdfast_cache_hits", "Answers found in what is remembered.", ["cache"])
CACHE_MISSES = Counter("holdfast_cache_misses", "Answers that had to be made.", ["cache"])

INVALIDATIONS = Counter(
    "holdfast_invalidations",
    "Changes told by the feed, each of which makes something be forgotten.",
    ["record_type"],
)

FEED_LAG = Gauge(
    "holdfast_feed_lag_seconds",
    "How long ago the last poll of the change feed began that was answered.",
    multiprocess_mode="livemax",
)
FEED_POLLS = Counter("holdfast_feed_polls", "Polls of the change feed.", ["result"])

STREAMS_OPEN = Gauge(
    "holdfast_streams_open", "Streams that clients listen to.", multiprocess_mode="livesum"
)
STREAMS_CUT_OFF = Counter(
    "holdfast_streams_cut_off", "Streams ended because their client did not read on."
)
STREAMS_RESYNC = Counter(
    "holdfast_streams_resync",
    "Streams told to begin anew, since what they missed cannot be told.",
    ["reason"],
)

REDIS_FAILURES = Counter(
    "holdfast_redis_failures", "Times that the shared cache did not answer in time or at all."
)
