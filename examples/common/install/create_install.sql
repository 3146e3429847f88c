-- Installs of one day in Japan, by platform, country and campaign, and how many of the
-- new users really opened the game on that day.
WITH
  installs AS (
    SELECT
      user_id,
      platform,
      country,
      IFNULL(campaign, 'organic') AS campaign,
      created_at,
      -- 1 = the first install of this user, more = a reinstall
      ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY created_at, platform) AS install_number
    FROM raw_log.install
    WHERE created_at < TIMESTAMP_ADD(TIMESTAMP('${DATE}', 'Asia/Tokyo'), INTERVAL 1 DAY)
  ),

  active_users AS (
    SELECT DISTINCT user_id
    FROM raw_log.access
    WHERE created_at >= TIMESTAMP('${DATE}', 'Asia/Tokyo')
      AND created_at < TIMESTAMP_ADD(TIMESTAMP('${DATE}', 'Asia/Tokyo'), INTERVAL 1 DAY)
  )

SELECT
  DATE '${DATE}' AS date,
  i.platform,
  i.country,
  i.campaign,
  COUNTIF(i.install_number = 1) AS new_installs,
  COUNTIF(i.install_number > 1) AS reinstalls,
  COUNTIF(i.install_number = 1 AND a.user_id IS NOT NULL) AS opened_on_install_day,
  ROUND(
    SAFE_DIVIDE(
      COUNTIF(i.install_number = 1 AND a.user_id IS NOT NULL),
      COUNTIF(i.install_number = 1)
    ),
    4
  ) AS open_rate
FROM installs AS i
LEFT JOIN active_users AS a ON a.user_id = i.user_id
WHERE i.created_at >= TIMESTAMP('${DATE}', 'Asia/Tokyo')
GROUP BY i.platform, i.country, i.campaign
