//! Public keys of an issuer: a JWK set (RFC 7517) behind an address or in a file. Issuers change their keys now and then, and
//! show a new one before they use it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use reqwest::Url;

use super::jwk_set::{Key, keys_of};

/// Longest wait for a server: requests of callers wait for it too.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Largest set that is read; Google's has 2 KiB.
const BYTES_MAX: usize = 1 << 20;

/// Where keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// Behind an address.
    Url(Url),
    /// In a file.
    File(PathBuf),
}

impl FromStr for KeySource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains("://") {
            return Ok(Self::File(text.into()));
        }
        let url = Url::parse(text).map_err(|error| format!("`{text}` is no address: {error}"))?;
        match url.scheme() {
            "http" | "https" if url.username().is_empty() && url.password().is_none() => {
                Ok(Self::Url(url))
            }
            "http" | "https" => {
                Err("keys are public: give their address without a login".to_owned())
            }
            _ => Err(format!("`{text}` is neither `https://...` nor a file")),
        }
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => url.fmt(f),
            Self::File(file) => file.display().fmt(f),
        }
    }
}

/// When keys are read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRules {
    /// Their greatest age: a key that its issuer has taken back is believed no longer than this.
    pub old_after: Duration,
    /// Shortest time between two reads, whatever tokens come.
    pub pause: Duration,
}

impl Default for KeyRules {
    fn default() -> Self {
        Self { old_after: Duration::from_secs(600), pause: Duration::from_secs(60) }
    }
}

/// Why keys could not be read.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The server did not give them.
    #[error("could not fetch the keys of `{issuer}` from {url}")]
    Fetch {
        /// Whose.
        issuer: String,
        /// From where.
        url: Box<Url>,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The file cannot be read.
    #[error("could not read the keys of `{issuer}` in `{}`", file.display())]
    Read {
        /// Whose.
        issuer: String,
        /// Which file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There are none in what was read.
    #[error("{from} holds no keys of `{issuer}`: {detail}")]
    NoKeys {
        /// Whose.
        issuer: String,
        /// From where.
        from: String,
        /// What is wrong.
        detail: String,
    },
}

/// The keys of an issuer, as they were read last.
#[derive(Debug)]
pub(super) struct Keys {
    issuer: String,
    source: KeySource,
    rules: KeyRules,
    http: reqwest::Client,
    known: RwLock<Known>,
    /// Held by who reads; others wait for what comes of it.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    keys: Vec<Arc<Key>>,
    read_at: Option<Instant>,
    tried_at: Option<Instant>,
}

impl Keys {
    pub(super) fn new(
        issuer: String,
        source: KeySource,
        rules: KeyRules,
    ) -> Result<Self, KeyError> {
        // Whom an address sends us on to has not been configured.
        let redirect = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().timeout(TIMEOUT).redirect(redirect).build();
        let http = http.map_err(|error| KeyError::NoKeys {
            issuer: issuer.clone(),
            from: source.to_string(),
            detail: format!("no HTTP client can be made: {error}"),
        })?;
        let reading = tokio::sync::Mutex::default();
        Ok(Self { issuer, source, rules, http, known: RwLock::default(), reading })
    }

    /// The key with this id, which is looked for once more where the keys come from; without an id, the only key there is.
    pub(super) async fn find(&self, id: Option<&str>) -> Option<Arc<Key>> {
        if let Some(key) = self.with(id) {
            return Some(key);
        }
        let reading = self.reading.lock().await;
        if let Some(key) = self.with(id) {
            return Some(key);
        }
        if self.may_read() {
            // It has been logged; the keys are those of before.
            let _read = self.read_alone().await;
        }
        drop(reading);
        self.with(id)
    }

    /// Reads the keys again when they are old.
    pub(super) async fn refresh(&self) {
        let is_old =
            self.known(|known| known.read_at.is_none_or(|at| at.elapsed() >= self.rules.old_after));
        if is_old && self.may_read() {
            // It has been logged; the keys are those of before.
            let _read = self.read().await;
        }
    }

    /// Reads the keys; what fails leaves those of before, and is logged.
    pub(super) async fn read(&self) -> Result<(), KeyError> {
        let _reading = self.reading.lock().await;
        self.read_alone().await
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known(|known| known.keys.is_empty())
    }

    async fn read_alone(&self) -> Result<(), KeyError> {
        let read = self.fetch().await;
        let now = Instant::now();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.tried_at = Some(now);
        match read {
            Ok(keys) => {
                tracing::debug!("read {} keys of `{}`", keys.len(), self.issuer);
                known.keys = keys;
                known.read_at = Some(now);
                Ok(())
            }
            Err(error) => {
                let kept = known.keys.len();
                drop(known);
                tracing::warn!("{}; the {kept} keys of before stay in use", chain(&error));
                Err(error)
            }
        }
    }

    fn with(&self, id: Option<&str>) -> Option<Arc<Key>> {
        self.known(|known| match (id, known.keys.as_slice()) {
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)).cloned(),
            (None, [only]) => Some(Arc::clone(only)),
            (None, _) => None,
        })
    }

    fn may_read(&self) -> bool {
        self.known(|known| known.tried_at.is_none_or(|at| at.elapsed() >= self.rules.pause))
    }

    fn known<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn fetch(&self) -> Result<Vec<Arc<Key>>, KeyError> {
        let issuer = || self.issuer.clone();
        let bytes = match &self.source {
            KeySource::Url(url) => self.get(url).await?,
            KeySource::File(file) => tokio::fs::read(file).await.map_err(|source| {
                KeyError::Read { issuer: issuer(), file: file.clone(), source }
            })?,
        };
        keys_of(&bytes)
            .map(|keys| keys.into_iter().map(Arc::new).collect())
            .map_err(|detail| self.none(detail))
    }

    async fn get(&self, url: &Url) -> Result<Vec<u8>, KeyError> {
        let failed = |source: reqwest::Error| KeyError::Fetch {
            issuer: self.issuer.clone(),
            url: Box::new(url.clone()),
            source: source.without_url(),
        };
        let answer = self.http.get(url.clone()).send().await.map_err(failed)?;
        let mut answer = answer.error_for_status().map_err(failed)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > BYTES_MAX {
                return Err(self.none(format!("it has more than {BYTES_MAX} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn none(&self, detail: String) -> KeyError {
        KeyError::NoKeys { issuer: self.issuer.clone(), from: format!("`{}`", self.source), detail }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_behind_an_address_or_in_a_file() {
        let read = |text: &str| text.parse::<KeySource>();

        assert!(matches!(read("https://host/keys"), Ok(KeySource::Url(_))));
        assert!(matches!(read("/etc/keys.json"), Ok(KeySource::File(_))));
        assert!(read("ftp://host/keys").unwrap_err().contains("neither"));
        assert!(read("https://a:b@host/keys").unwrap_err().contains("without a login"));
    }
}
