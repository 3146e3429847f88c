-- Active users of one day in Japan, by platform and country.
-- The logs are in UTC; the day runs from 00:00 to 24:00 in Asia/Tokyo.
WITH
  user_days AS (
    SELECT
      user_id,
      platform,
      country,
      COUNT(*) AS events,
      COUNTIF(event = 'app_open') AS app_opens
    FROM raw_log.access
    WHERE created_at >= TIMESTAMP('${DATE}', 'Asia/Tokyo')
      AND created_at < TIMESTAMP_ADD(TIMESTAMP('${DATE}', 'Asia/Tokyo'), INTERVAL 1 DAY)
    GROUP BY user_id, platform, country
  ),

  -- A user is new on the day of the first install; a reinstall does not make anybody new again.
  first_installs AS (
    SELECT
      user_id,
      DATE(MIN(created_at), 'Asia/Tokyo') AS install_date
    FROM raw_log.install
    WHERE created_at < TIMESTAMP_ADD(TIMESTAMP('${DATE}', 'Asia/Tokyo'), INTERVAL 1 DAY)
    GROUP BY user_id
  )

SELECT
  DATE '${DATE}' AS date,
  d.platform,
  d.country,
  COUNT(DISTINCT d.user_id) AS active_users,
  COUNT(DISTINCT IF(f.install_date = DATE '${DATE}', d.user_id, NULL)) AS new_users,
  -- 初回インストールのログがないユーザーは既存ユーザーとして数える
  COUNT(DISTINCT IF(f.install_date = DATE '${DATE}', NULL, d.user_id)) AS returning_users,
  SUM(d.app_opens) AS app_opens,
  SUM(d.events) AS events,
  ROUND(SUM(d.events) / COUNT(DISTINCT d.user_id), 2) AS events_per_user
FROM user_days AS d
LEFT JOIN first_installs AS f ON f.user_id = d.user_id
GROUP BY d.platform, d.country
