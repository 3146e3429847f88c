-- Guild ranking of one day in Japan: guild war points, with the arena results of the members.
WITH
  battles AS (
    SELECT
      battle_id,
      mode,
      user_id,
      guild_id,
      opponent_guild_id,
      result,
      rating_change
    FROM raw_log.battle
    WHERE created_at >= TIMESTAMP('${DATE}', 'Asia/Tokyo')
      AND created_at < TIMESTAMP_ADD(TIMESTAMP('${DATE}', 'Asia/Tokyo'), INTERVAL 1 DAY)
  ),

  -- 勝ち3点、引き分け1点
  wars AS (
    SELECT
      guild_id,
      COUNT(*) AS war_battles,
      COUNT(DISTINCT user_id) AS war_members,
      COUNT(DISTINCT opponent_guild_id) AS opponents,
      COUNTIF(result = 'win') AS war_wins,
      COUNTIF(result = 'draw') AS war_draws,
      SUM(CASE result WHEN 'win' THEN 3 WHEN 'draw' THEN 1 ELSE 0 END) AS points
    FROM battles
    WHERE mode = 'guild_war'
    GROUP BY guild_id
  ),

  arena AS (
    SELECT
      guild_id,
      COUNT(*) AS arena_battles,
      COUNTIF(result = 'win') AS arena_wins,
      SUM(rating_change) AS arena_rating_change
    FROM battles
    WHERE mode = 'arena'
    GROUP BY guild_id
  ),

  -- The member with the most wins in both modes; of equals the smaller id, so that the answer is always the same.
  best_members AS (
    SELECT
      guild_id,
      user_id AS best_member,
      COUNTIF(result = 'win') AS best_member_wins
    FROM battles
    GROUP BY guild_id, user_id
    QUALIFY ROW_NUMBER() OVER (
      PARTITION BY guild_id ORDER BY COUNTIF(result = 'win') DESC, user_id
    ) = 1
  )

SELECT
  DATE '${DATE}' AS date,
  ROW_NUMBER() OVER (ORDER BY IFNULL(w.points, 0) DESC, IFNULL(w.war_wins, 0) DESC, m.guild_id) AS guild_rank,
  m.guild_id,
  IFNULL(w.points, 0) AS points,
  IFNULL(w.war_battles, 0) AS war_battles,
  IFNULL(w.war_members, 0) AS war_members,
  IFNULL(w.opponents, 0) AS opponents,
  IFNULL(w.war_wins, 0) AS war_wins,
  IFNULL(w.war_draws, 0) AS war_draws,
  ROUND(SAFE_DIVIDE(w.war_wins, w.war_battles), 4) AS war_win_rate,
  IFNULL(a.arena_battles, 0) AS arena_battles,
  ROUND(SAFE_DIVIDE(a.arena_wins, a.arena_battles), 4) AS arena_win_rate,
  IFNULL(a.arena_rating_change, 0) AS arena_rating_change,
  m.best_member,
  m.best_member_wins
FROM best_members AS m
LEFT JOIN wars AS w ON w.guild_id = m.guild_id
LEFT JOIN arena AS a ON a.guild_id = m.guild_id
