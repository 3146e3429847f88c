-- Purchases of one day in Japan, by platform, country and item. Amounts are in yen.
WITH
  purchases AS (
    SELECT
      purchase_id,
      user_id,
      platform,
      country,
      item_id,
      item_name,
      quantity,
      amount_jpy
    FROM raw_log.consume
    WHERE created_at >= TIMESTAMP('${DATE}', 'Asia/Tokyo')
      AND created_at < TIMESTAMP_ADD(TIMESTAMP('${DATE}', 'Asia/Tokyo'), INTERVAL 1 DAY)
    -- 課金サーバーの再送で同じ購入が二度記録されることがある
    QUALIFY ROW_NUMBER() OVER (PARTITION BY purchase_id ORDER BY created_at) = 1
  )

SELECT
  DATE '${DATE}' AS date,
  platform,
  country,
  item_id,
  MIN(item_name) AS item_name,
  COUNT(*) AS purchases,
  SUM(quantity) AS quantity,
  COUNT(DISTINCT user_id) AS payers,
  SUM(amount_jpy) AS revenue_jpy,
  ROUND(SUM(amount_jpy) / COUNT(DISTINCT user_id), 2) AS arppu_jpy,
  -- this row's part of the whole day's revenue
  ROUND(SAFE_DIVIDE(SUM(amount_jpy), SUM(SUM(amount_jpy)) OVER ()), 6) AS revenue_share
FROM purchases
GROUP BY platform, country, item_id
