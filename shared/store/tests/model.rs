//! Redis and memory give the same answers to the same random questions.

use himekuri_store::{
    AttemptFilter, AttemptId, AttemptState, Commit, Epoch, Kept, MemoryStore, NewAttempt,
    OutboxEntry, RedisConfig, RedisStore, Store,
};
use himekuri_testkit::{RedisServer, unique_name};
use rand::{Rng, SeedableRng, rngs::StdRng};

/// Worlds to play; each has its own seed, which a failure names.
const SEEDS: u64 = 40;
/// Questions per world.
const STEPS: usize = 150;
/// Attempts of a world. One more id is asked for, which nobody has.
const ATTEMPTS: u64 = 3;

#[tokio::test]
async fn redis_answers_like_the_model() {
    let server = tokio::task::spawn_blocking(RedisServer::shared).await.unwrap().unwrap();
    for seed in 0..SEEDS {
        let prefix = unique_name("model");
        let config = RedisConfig { prefix, ..RedisConfig::new(server.url()) };
        let redis = RedisStore::connect(config).await.unwrap();
        let model = MemoryStore::new();
        for n in 0..ATTEMPTS {
            let request = new_attempt(n);
            // Nobody has led.
            let created = redis.create_attempt(Epoch(0), &request).await.unwrap();
            let expected = model.create_attempt(Epoch(0), &request).await.unwrap();
            assert_eq!(created, expected);
            redis.claim(created.attempt(), Epoch(1)).await.unwrap();
            model.claim(created.attempt(), Epoch(1)).await.unwrap();
        }

        let mut rng = StdRng::seed_from_u64(seed);
        for step in 0..STEPS {
            let question = Question::random(&mut rng, &model).await;
            let answer = question.ask(&redis).await;
            let expected = question.ask(&model).await;
            assert_eq!(answer, expected, "seed {seed}, step {step}: {question:?}");
        }
    }
}

#[derive(Debug)]
enum Question {
    Claim(AttemptId, Epoch),
    Commit(AttemptId, Epoch, Commit),
    CommitMany(Epoch, Vec<(AttemptId, Commit)>),
    MarkPublished(AttemptId, Epoch, Vec<String>),
    Log(AttemptId),
    Active,
    List(AttemptFilter),
    OfSession(String),
    Finished(Kept, AttemptId, usize),
    RemoveLog(AttemptId, Epoch),
    RemoveSummary(AttemptId, Epoch),
}

impl Question {
    async fn random(rng: &mut StdRng, model: &MemoryStore) -> Self {
        let attempt = AttemptId(rng.random_range(1..=ATTEMPTS + 1));
        // Mostly the first leader, now and then a newer one; what it claims is lost to the others.
        let epoch = Epoch(1 + u64::from(rng.random_ratio(1, 20)) + u64::from(rng.random_bool(0.5)));
        match rng.random_range(0..14) {
            0 => Self::Claim(attempt, epoch),
            1 => Self::MarkPublished(attempt, epoch, vec![entry_id(rng), entry_id(rng)]),
            2 => Self::Log(attempt),
            3 => Self::Active,
            4 => Self::List(filter(rng)),
            5 => {
                let mut commits = Vec::new();
                for n in 1..=ATTEMPTS {
                    commits.push((AttemptId(n), commit(rng, model, AttemptId(n)).await));
                }
                Self::CommitMany(epoch, commits)
            }
            6 => Self::OfSession(new_attempt(rng.random_range(0..ATTEMPTS)).session_key),
            7 => {
                let kept = if rng.random_bool(0.5) { Kept::Log } else { Kept::Summary };
                Self::Finished(kept, AttemptId(rng.random_range(0..3)), rng.random_range(0..4))
            }
            // Seldom enough that other things happen before.
            8 if rng.random_bool(0.3) => Self::RemoveLog(attempt, epoch),
            9 if rng.random_bool(0.3) => Self::RemoveSummary(attempt, epoch),
            _ => Self::Commit(attempt, epoch, commit(rng, model, attempt).await),
        }
    }

    async fn ask(&self, store: &dyn Store) -> String {
        match self {
            Self::Claim(id, epoch) => format!("{:?}", store.claim(*id, *epoch).await),
            Self::Commit(id, epoch, step) => {
                format!("{:?}", store.commit(*id, *epoch, step.clone()).await)
            }
            Self::CommitMany(epoch, commits) => {
                format!("{:?}", store.commit_many(*epoch, commits.clone()).await)
            }
            Self::MarkPublished(id, epoch, ids) => {
                let marked = store.mark_published(*id, *epoch, ids.clone()).await;
                format!("{marked:?}")
            }
            Self::Log(id) => format!("{:?}", store.log(*id).await),
            Self::Active => format!("{:?}", store.active_attempts().await),
            Self::OfSession(key) => format!("{:?}", store.session_attempts(key).await),
            Self::Finished(kept, after, limit) => {
                format!("{:?}", store.finished_attempts(*kept, *after, *limit).await)
            }
            Self::RemoveLog(id, epoch) => {
                format!("{:?}", store.remove_log(*id, *epoch, "place").await)
            }
            Self::RemoveSummary(id, epoch) => {
                format!("{:?}", store.remove_summary(*id, *epoch).await)
            }
            Self::List(filter) => format!("{:?}", store.attempts(filter).await),
        }
    }
}

/// Mostly on the right length; few different records, so that repeats happen by chance.
async fn commit(rng: &mut StdRng, model: &MemoryStore, attempt: AttemptId) -> Commit {
    let length = model.log(attempt).await.map_or(0, |log| log.len() as u64);
    let back = if rng.random_bool(0.3) { rng.random_range(0..3) } else { 0 };
    let records =
        (0..rng.random_range(0..3)).map(|_| format!("{{\"r\":{}}}", rng.random_range(0..2)));
    let records = records.collect();
    let outbox = (0..rng.random_range(0..3)).map(|_| entry(rng)).collect();
    Commit {
        expected_length: length.saturating_sub(back),
        records,
        outbox,
        published: vec![entry_id(rng)],
        summary: rng.random_bool(0.3).then(|| format!("{{\"s\":{}}}", rng.random_range(0..9))),
        snapshot: rng.random_bool(0.2).then(|| format!("{{\"s\":{}}}", rng.random_range(0..9))),
        finished: rng.random_ratio(1, 40),
    }
}

fn entry(rng: &mut StdRng) -> OutboxEntry {
    OutboxEntry {
        id: entry_id(rng),
        queue: ["tasks", "reports", ""][rng.random_range(0..3)].to_owned(),
        body: format!("{{\"b\":{}}}", rng.random_range(0..9)),
    }
}

fn entry_id(rng: &mut StdRng) -> String {
    format!("m{}", rng.random_range(0..6))
}

fn filter(rng: &mut StdRng) -> AttemptFilter {
    let states = [None, Some(AttemptState::Active), Some(AttemptState::Finished)];
    AttemptFilter {
        session_key: rng.random_bool(0.3).then(|| new_attempt(0).session_key),
        state: states[rng.random_range(0..3)],
        before: rng.random_bool(0.3).then(|| AttemptId(rng.random_range(1..=ATTEMPTS + 1))),
        limit: rng.random_range(0..4),
    }
}

/// The first two share a session.
fn new_attempt(n: u64) -> NewAttempt {
    NewAttempt {
        session_key: format!("session-{}", n / 2),
        attempt_name: n.to_string(),
        summary: "{}".to_owned(),
    }
}
