-- Quest battles of one day in Japan: how hard is each quest?
WITH
  battles AS (
    SELECT
      battle_id,
      user_id,
      quest_id,
      quest_name,
      difficulty,
      result,
      turns,
      seconds,
      DATETIME(created_at, 'Asia/Tokyo') AS fought_at
    FROM raw_log.battle
    WHERE created_at >= TIMESTAMP('${DATE}', 'Asia/Tokyo')
      AND created_at < TIMESTAMP_ADD(TIMESTAMP('${DATE}', 'Asia/Tokyo'), INTERVAL 1 DAY)
  ),

  -- How often did a player try a quest on this day before the first win?
  first_wins AS (
    SELECT
      user_id,
      quest_id,
      difficulty,
      try_number
    FROM (
      SELECT
        user_id,
        quest_id,
        difficulty,
        result,
        ROW_NUMBER() OVER (
          PARTITION BY user_id, quest_id, difficulty ORDER BY fought_at, battle_id
        ) AS try_number
      FROM battles
    )
    WHERE result = 'win'
    QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id, quest_id, difficulty ORDER BY try_number) = 1
  ),

  tries_to_win AS (
    SELECT
      quest_id,
      difficulty,
      COUNT(*) AS winners,
      ROUND(AVG(try_number), 2) AS average_tries_to_win
    FROM first_wins
    GROUP BY quest_id, difficulty
  ),

  quests AS (
    SELECT
      quest_id,
      difficulty,
      MIN(quest_name) AS quest_name,
      COUNT(*) AS battles,
      COUNT(DISTINCT user_id) AS players,
      COUNTIF(result = 'win') AS wins,
      COUNTIF(result = 'lose') AS losses,
      COUNTIF(result = 'retire') AS retires,
      ROUND(AVG(IF(result = 'win', turns, NULL)), 2) AS average_turns_of_wins,
      MIN(IF(result = 'win', seconds, NULL)) AS fastest_win_seconds
    FROM battles
    GROUP BY quest_id, difficulty
  )

SELECT
  DATE '${DATE}' AS date,
  q.quest_id,
  q.quest_name,
  q.difficulty,
  q.battles,
  q.players,
  q.wins,
  q.losses,
  q.retires,
  ROUND(SAFE_DIVIDE(q.wins, q.battles), 4) AS win_rate,
  IFNULL(t.winners, 0) AS winners,
  t.average_tries_to_win,
  q.average_turns_of_wins,
  q.fastest_win_seconds,
  CASE
    WHEN SAFE_DIVIDE(q.wins, q.battles) < 0.35 THEN 'too hard'
    WHEN SAFE_DIVIDE(q.wins, q.battles) > 0.95 THEN 'too easy'
    ELSE 'ok'
  END AS verdict
FROM quests AS q
LEFT JOIN tries_to_win AS t ON t.quest_id = q.quest_id AND t.difficulty = q.difficulty
