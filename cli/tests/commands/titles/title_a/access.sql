SELECT
  COUNT(*) AS events
FROM raw_log.access
WHERE day = '${session_date}'
