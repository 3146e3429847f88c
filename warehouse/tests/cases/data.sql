-- The logs of two titles on three days, small enough to count by hand.
CREATE TABLE raw.access (title STRING, user_id INT64, at TIMESTAMP, device STRING, country STRING)
  PARTITION BY _PARTITIONDATE;
INSERT INTO raw.access (_PARTITIONTIME, title, user_id, at, device, country) VALUES
  ('2026-11-01', 'quest', 1, '2026-11-01 00:10:00', 'ios', 'JP'),
  ('2026-11-01', 'quest', 2, '2026-11-01 14:59:59', 'android', 'JP'),
  ('2026-11-01', 'quest', 1, '2026-11-01 15:00:00', 'ios', 'JP'),
  ('2026-11-01', 'guild', 3, '2026-11-01 23:30:00', 'ios', 'US'),
  ('2026-11-02', 'guild', 2, '2026-11-02 03:00:00', 'android', NULL),
  ('2026-11-02', 'quest', 4, '2026-11-02 15:30:00', 'web', 'JP');
CREATE TABLE raw.install (user_id INT64, installed_at TIMESTAMP, campaign STRING, cost NUMERIC)
  PARTITION BY DATE(installed_at);
INSERT INTO raw.install VALUES
  (1, '2026-10-31 20:00:00', 'organic', 0),
  (2, '2026-11-01 09:00:00', 'spring', 1.25),
  (3, '2026-11-01 23:00:00', 'spring', 1.25),
  (4, '2026-11-02 15:10:00', NULL, NULL);
CREATE TABLE raw.consume (user_id INT64, item STRING, coins INT64, price FLOAT64, consumed_at TIMESTAMP);
INSERT INTO raw.consume VALUES
  (1, 'gem', 10, 1.5, '2026-11-01 01:00:00'),
  (1, 'gem', 30, 4.5, '2026-11-02 01:00:00'),
  (2, 'potion', 3, NULL, '2026-11-01 16:00:00'),
  (3, 'gem', 0, 0.0, '2026-11-02 02:00:00');
CREATE TABLE raw.session (id STRING, user_id INT64, events ARRAY<STRUCT<name STRING, ms INT64>>);
INSERT INTO raw.session VALUES
  ('s1', 1, [STRUCT('login' AS name, 120 AS ms), STRUCT('quest', 900), STRUCT('logout', 5)]),
  ('s2', 2, [STRUCT('login' AS name, 200 AS ms)]),
  ('s3', 3, []);
CREATE TABLE raw.event_20261101 AS SELECT 1 AS user_id, 'open' AS name UNION ALL SELECT 2, 'open';
CREATE TABLE raw.event_20261102 AS SELECT 1 AS user_id, 'open' AS name;
CREATE TABLE raw.event_20261103 AS SELECT 3 AS user_id, 'close' AS name;
CREATE TABLE raw.title (title STRING NOT NULL, launched DATE, tags ARRAY<STRING>, settings JSON);
INSERT INTO raw.title VALUES
  ('quest', '2024-04-01', ['rpg', 'mobile'], JSON '{"level":{"max":50},"modes":["solo","pvp"]}'),
  ('guild', '2025-12-24', [], NULL);
