SELECT
  SUM(amount) AS amount
FROM raw_log.consume
WHERE day = '${session_date}'
