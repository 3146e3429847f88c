-- Play sessions of one day in Japan, by platform and hour of the start.
-- Thirty minutes without an event end a session.
--
-- Sessions are cut at midnight. The nightly run starts at 00:00 and cannot see what comes
-- later, and the same date must give the same rows whenever it is run again.
WITH
  events AS (
    SELECT
      user_id,
      platform,
      created_at,
      LAG(created_at) OVER (PARTITION BY user_id, platform ORDER BY created_at, event) AS previous_at
    FROM raw_log.access
    -- half an hour of the day before tells whether a session was already running at midnight
    WHERE created_at >= TIMESTAMP_SUB(TIMESTAMP('${DATE}', 'Asia/Tokyo'), INTERVAL 30 MINUTE)
      AND created_at < TIMESTAMP_ADD(TIMESTAMP('${DATE}', 'Asia/Tokyo'), INTERVAL 1 DAY)
  ),

  marked AS (
    SELECT
      user_id,
      platform,
      created_at,
      previous_at IS NULL
        OR TIMESTAMP_DIFF(created_at, previous_at, SECOND) >= 30 * 60 AS starts_session
    FROM events
  ),

  numbered AS (
    SELECT
      user_id,
      platform,
      created_at,
      COUNTIF(starts_session) OVER (
        PARTITION BY user_id, platform
        ORDER BY created_at
        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ) AS session_number
    FROM marked
  ),

  sessions AS (
    SELECT
      user_id,
      platform,
      session_number,
      MIN(created_at) AS started_at,
      TIMESTAMP_DIFF(MAX(created_at), MIN(created_at), SECOND) AS seconds,
      COUNT(*) AS events
    FROM numbered
    GROUP BY user_id, platform, session_number
  )

SELECT
  DATE '${DATE}' AS date,
  platform,
  EXTRACT(HOUR FROM started_at AT TIME ZONE 'Asia/Tokyo') AS start_hour,
  COUNT(*) AS sessions,
  COUNT(DISTINCT user_id) AS users,
  SUM(events) AS events,
  SUM(seconds) AS play_seconds,
  CAST(ROUND(AVG(seconds)) AS INT64) AS average_seconds,
  MAX(seconds) AS longest_seconds
FROM sessions
-- 前日から続いているセッションは前日に数える
WHERE started_at >= TIMESTAMP('${DATE}', 'Asia/Tokyo')
GROUP BY platform, start_hour
