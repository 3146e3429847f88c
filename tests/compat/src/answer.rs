//! What the world answers to a try, as a case writes it.

use himekuri_protocol::StoreParams;

/// The answer to one try.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Seconds from the dispatch to the end.
    pub after: i64,
    /// The job outlives the delivery: it is reported as submitted at once, and its end is found by watching.
    pub slow: bool,
    /// BigQuery cannot be asked, the first time.
    pub lost: bool,
    /// Nobody answers at all, the first time.
    pub silent: bool,
    /// How the try ends.
    pub end: End,
}

/// How a try ends.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// Well, with what it stores.
    Ok(StoreParams),
    /// With an error.
    Fail(String),
    /// With a document: the project's file of this name, though it is no part of the project's tree.
    Document(String),
}

/// What a `require>` meets: the first attempt of a session, or the one that is started for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionAnswer {
    /// Whether the attempt was there before.
    pub exists: bool,
    /// Seconds until it ends.
    pub after: i64,
    /// Whether it ends well.
    pub succeeds: bool,
}

impl Default for Answer {
    fn default() -> Self {
        let end = End::Ok(StoreParams::new());
        Self { after: 0, slow: false, lost: false, silent: false, end }
    }
}

impl Answer {
    /// `after 30 slow ok {"x": 1}`, `lost fail broken`, `silent ok`.
    ///
    /// # Panics
    /// On anything else.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut answer = Self::default();
        let mut rest = text.trim();
        loop {
            let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
            match word {
                "after" => {
                    let (seconds, behind) = behind.split_once(' ').unwrap_or((behind, "ok"));
                    answer.after = seconds.parse().unwrap();
                    rest = behind;
                    continue;
                }
                "slow" => answer.slow = true,
                "lost" => answer.lost = true,
                "silent" => answer.silent = true,
                "ok" if behind.is_empty() => return answer,
                "ok" => {
                    answer.end = End::Ok(serde_json::from_str(behind).unwrap());
                    return answer;
                }
                "document" => {
                    answer.end = End::Document(behind.to_owned());
                    return answer;
                }
                "fail" => {
                    answer.end = End::Fail(behind.to_owned());
                    return answer;
                }
                other => panic!("`{other}` is no word of an answer: {text}"),
            }
            rest = behind;
        }
    }
}

impl SessionAnswer {
    /// `ok`, `fail`, `exists after 30 ok`.
    ///
    /// # Panics
    /// On anything else.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut answer = Self { exists: false, after: 0, succeeds: true };
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            match word {
                "exists" => answer.exists = true,
                "after" => answer.after = words.next().unwrap().parse().unwrap(),
                "ok" => answer.succeeds = true,
                "fail" => answer.succeeds = false,
                other => panic!("`{other}` is no word of a session: {text}"),
            }
        }
        answer
    }
}
