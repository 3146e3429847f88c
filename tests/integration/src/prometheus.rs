//! Asks a Prometheus, over its HTTP API.

use anyhow::{Context, bail};
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Asks one Prometheus.
#[derive(Clone, Debug)]
pub struct Questioner {
    url: String,
    http: Client,
}

/// One series of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its labels.
    pub labels: serde_json::Map<String, Value>,
    /// Its value; no number is `NaN`.
    pub value: f64,
}

/// Something that is scraped.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Address.
    pub scrape_url: String,
    /// `up`, `down` or `unknown`.
    pub health: String,
    /// Why it is down.
    pub last_error: String,
}

/// A rule that is evaluated.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Name.
    pub name: String,
    /// `ok`, `err`, or `unknown` before it was evaluated.
    pub health: String,
    /// Why it could not be evaluated.
    #[serde(default)]
    pub last_error: String,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: Option<T>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Evaluated {
    #[serde(rename = "resultType")]
    kind: String,
    result: Value,
}

#[derive(Deserialize)]
struct Sample {
    metric: serde_json::Map<String, Value>,
    value: (f64, String),
}

#[derive(Deserialize)]
struct Targets {
    #[serde(rename = "activeTargets")]
    active: Vec<Target>,
}

#[derive(Deserialize)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

impl Questioner {
    /// Of the Prometheus at `url`.
    #[must_use]
    pub fn new(url: String) -> Self {
        Self { url, http: Client::new() }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The series of an expression, as it is now.
    ///
    /// # Errors
    /// It does not answer, or refuses the expression.
    pub async fn ask(&self, expression: &str) -> anyhow::Result<Vec<Series>> {
        let answer: Evaluated = self.get("query", &[("query", expression)]).await?;
        if answer.kind != "vector" {
            bail!("`{expression}` is a {} and no vector", answer.kind);
        }
        let samples: Vec<Sample> = serde_json::from_value(answer.result)?;
        let series = samples
            .into_iter()
            .map(|sample| Ok(Series { labels: sample.metric, value: sample.value.1.parse()? }));
        series.collect()
    }

    /// What is scraped, and how it is.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn targets(&self) -> anyhow::Result<Vec<Target>> {
        Ok(self.get::<Targets>("targets", &[]).await?.active)
    }

    /// The rules of all groups.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn rules(&self) -> anyhow::Result<Vec<Rule>> {
        let rules: Rules = self.get("rules", &[]).await?;
        Ok(rules.groups.into_iter().flat_map(|group| group.rules).collect())
    }

    /// Names of all metrics that it knows.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn metrics(&self) -> anyhow::Result<Vec<String>> {
        self.get("label/__name__/values", &[]).await
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> anyhow::Result<T> {
        let url = format!("{}/api/v1/{path}", self.url);
        let sent = self.http.get(url).query(query).send().await;
        let answer: Answer<T> = sent.context("Prometheus does not answer")?.json().await?;
        let error = answer.error.unwrap_or_default();
        answer.data.with_context(|| format!("Prometheus refuses {path} {query:?}: {error}"))
    }
}
