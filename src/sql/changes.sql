-- name: present :value
-- The snapshot that a statement begun now has.
SELECT pg_current_snapshot()::text;

-- name: get_origin :value
-- Which database this is, of which server, and since which of its crashes: after one, ids of
-- transactions of which nothing had reached the disk are given out again. The statistics begin
-- anew with a crash, with a restored backup and on a server that took over, and with nothing else
-- that happens by itself. As 16 hexadecimal digits.
SELECT left(
           encode(
               sha256(
                   convert_to(
                       concat_ws(
                           '/',
                           p.system_identifier::text,
                           d.oid::text,
                           extract(EPOCH FROM b.stats_reset)
                       ),
                       'UTF8'
                   )
               ),
               'hex'
           ),
           16
       )
  FROM pg_control_system() AS p
 CROSS JOIN pg_stat_bgwriter AS b
 CROSS JOIN pg_database AS d
 WHERE d.datname = current_database();

-- name: list_changes :many
-- What became visible between two snapshots, by id: of what changed one thing, each change
-- waited for the one before and drew its id after that, so the order is that of the commits.
-- The later snapshot is this statement's own where none is given. It comes with every row,
-- and with one row of nothing else where there are no changes. What the earlier one does not
-- show are the transactions that had not begun and those in progress, each of which is looked
-- up by itself: all since the oldest would be many while somebody keeps a transaction open.
-- None that the later one shows is beyond its end. To say so tells the planner, which knows neither
-- end, that it is a small part of the log: of what is only beyond something it expects a third,
-- and reads the whole log for it.
  WITH unseen AS (
       SELECT n.transaction_id, n.id, n.record_type, n.facility_id, n.site_id, n.booking_id,
              n.user_id, n.start_time, n.end_time
         FROM changes AS n
        WHERE n.transaction_id >= pg_snapshot_xmax(%(since)s::pg_snapshot)
          AND n.transaction_id
              < pg_snapshot_xmax(COALESCE(%(until)s::pg_snapshot, pg_current_snapshot()))
        UNION ALL
       SELECT h.transaction_id, h.id, h.record_type, h.facility_id, h.site_id, h.booking_id,
              h.user_id, h.start_time, h.end_time
         FROM pg_snapshot_xip(%(since)s::pg_snapshot) AS x (transaction_id)
        CROSS JOIN LATERAL (
              SELECT o.transaction_id, o.id, o.record_type, o.facility_id, o.site_id,
                     o.booking_id, o.user_id, o.start_time, o.end_time
                FROM changes AS o
               WHERE o.transaction_id = x.transaction_id
               ORDER BY o.id  -- keeps the planner from joining instead, by the whole log
              ) AS h
       )
SELECT p.snapshot::text AS snapshot, c.id, c.transaction_id::text::int8 AS transaction_id,
       c.record_type, c.facility_id, c.site_id, c.booking_id, c.user_id, c.start_time,
       c.end_time
  FROM (SELECT COALESCE(%(until)s::pg_snapshot, pg_current_snapshot()) AS snapshot) AS p
  LEFT JOIN unseen AS c
    ON pg_visible_in_snapshot(c.transaction_id, p.snapshot)
   AND c.id > %(after_id)s::int8
 ORDER BY c.id
 LIMIT %(limit)s::int4;

-- name: get_reach :one
-- Whether the log holds all that became visible since a snapshot, and whether the snapshot
-- is one that this database can have had.
SELECT p.transaction_id < pg_snapshot_xmin(%(since)s::pg_snapshot) AS is_kept,
       pg_snapshot_xmax(%(since)s::pg_snapshot)
       <= pg_snapshot_xmax(pg_current_snapshot()) AS is_known
  FROM changes_pruned AS p;

-- name: disown_changes :value
-- Removes what transactions of another server wrote, whose ids are ahead of this one's, and
-- draws the mark of what is pruned back to the present; how many there were. A dump that was
-- restored brings them. Where there are none nothing is written.
  WITH marked AS (
       UPDATE changes_pruned
          SET transaction_id = pg_current_xact_id()
        WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot())
       ),
       removed AS (
       DELETE FROM changes
        WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot())
       RETURNING id
       )
SELECT count(*)
  FROM removed;

-- name: prune_changes :value
-- Removes some of the changes from before a time, the oldest transactions' first, and
-- remembers how far; how many there were. SKIP LOCKED leaves to a rival what it is removing.
  WITH old AS MATERIALIZED (
       SELECT transaction_id, id
         FROM changes
        WHERE changed_at < %(before)s::timestamptz
        ORDER BY transaction_id, id
        LIMIT %(limit)s::int4
          FOR UPDATE SKIP LOCKED
       ),
       marked AS (
       UPDATE changes_pruned
          SET transaction_id = GREATEST(transaction_id,
                                        (SELECT max(o.transaction_id) FROM old AS o))
        WHERE EXISTS (SELECT FROM old)
       ),
       removed AS (
       DELETE FROM changes AS c
        USING old AS o
        WHERE (c.transaction_id, c.id) = (o.transaction_id, o.id)
       RETURNING c.id
       )
SELECT count(*)
  FROM removed;
