//! `--tokens` and `--open`, `--oidc-...` and `--iap-...`: who is let in, and who says who they are.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use himekuri_coordinator::{
    Access, Entries, Guard, IdTokens, Issuer, IssuerConfig, KeyRules, KeySource,
};
use tokio_util::sync::CancellationToken;

/// How often the list is looked at: a token that was taken away is refused within this.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// `iss` of IAP's tokens.
const IAP_ISSUER: &str = "https://cloud.google.com/iap";
/// Where Google shows the keys of IAP.
const IAP_KEYS: &str = "https://www.gstatic.com/iap/verify/public_key-jwk";

/// Who is let in.
#[derive(Debug, clap::Args)]
pub(crate) struct AccessArguments {
    /// JSON file with those who are let in: names, roles, titles and hashes of their tokens; `himekuri token` makes its entries.
    /// It is read again when it changes.
    #[arg(long, env = "HIMEKURI_TOKENS", value_name = "FILE", conflicts_with = "open")]
    tokens: Option<PathBuf>,
    /// Issuer of OpenID Connect whose ID tokens are believed when they come as a bearer token: `iss` of its tokens, such as
    /// `https://accounts.google.com`. The list of `--tokens` says what whom of them may do, by `email`, `group` or `domain`.
    #[arg(
        long,
        env = "HIMEKURI_OIDC_ISSUER",
        value_name = "URL",
        requires_all = ["oidc_audience", "oidc_keys", "tokens"]
    )]
    oidc_issuer: Option<String>,
    /// For whom those ID tokens must be: the client ID under which people sign in. May be given several times.
    #[arg(
        long,
        env = "HIMEKURI_OIDC_AUDIENCE",
        value_name = "ID",
        value_delimiter = ',',
        requires = "oidc_issuer"
    )]
    oidc_audience: Vec<String>,
    /// The issuer's public keys, a JWK set: its `jwks_uri` (see `/.well-known/openid-configuration` behind the issuer), or a file.
    #[arg(long, env = "HIMEKURI_OIDC_KEYS", value_name = "URL|FILE", requires = "oidc_issuer")]
    oidc_keys: Option<KeySource>,
    /// Believes Google's IAP, which signs who asks (`x-goog-iap-jwt-assertion`), for this audience:
    /// `/projects/NUMBER/global/backendServices/ID`. May be given several times.
    #[arg(
        long,
        env = "HIMEKURI_IAP_AUDIENCE",
        value_name = "AUDIENCE",
        value_delimiter = ',',
        requires = "tokens"
    )]
    iap_audience: Vec<String>,
    /// Public keys of IAP.
    #[arg(
        long,
        env = "HIMEKURI_IAP_KEYS",
        value_name = "URL|FILE",
        default_value = IAP_KEYS
    )]
    iap_keys: KeySource,
    /// Lets everybody do everything who reaches the address. Without `--tokens`, needed where that is not this machine alone.
    #[arg(long, env = "HIMEKURI_OPEN")]
    open: bool,
    /// Requests that one caller may make in a second.
    #[arg(long, env = "HIMEKURI_REQUESTS_PER_SECOND", value_name = "N", default_value = "500")]
    requests_per_second: NonZeroU32,
}

impl AccessArguments {
    /// Whom to let in at an address.
    pub(crate) async fn guard(&self, listen: SocketAddr) -> anyhow::Result<Guard> {
        let access = match &self.tokens {
            Some(file) => Access::Listed(read(file)?),
            None if self.open || listen.ip().is_loopback() => Access::Open,
            None => bail!(
                "the API would listen on {listen}, and whoever reaches it could do everything; give a list with `--tokens FILE` (`himekuri token` makes its entries), or `--open` if the network keeps others out"
            ),
        };
        let id_tokens = self.id_tokens().await?;
        Ok(Guard::new(access).with_rate(self.requests_per_second).with_id_tokens(id_tokens))
    }

    async fn id_tokens(&self) -> anyhow::Result<IdTokens> {
        let mut id_tokens = IdTokens::default();
        if let Some((issuer, keys)) = self.oidc_issuer.as_ref().zip(self.oidc_keys.as_ref()) {
            let issuer = issuer_of("--oidc-issuer", issuer, &self.oidc_audience, keys).await?;
            id_tokens.bearer = Some(issuer);
        }
        if !self.iap_audience.is_empty() {
            let iap = issuer_of("--iap-audience", IAP_ISSUER, &self.iap_audience, &self.iap_keys);
            id_tokens.iap = Some(iap.await?);
        }
        Ok(id_tokens)
    }

    /// Reads the list again when it has changed, until `stop`. A list that cannot be read leaves the one before in force.
    pub(crate) async fn keep(self, guard: Guard, stop: CancellationToken) {
        let Some(file) = self.tokens else { return };
        let mut known = read(&file).ok();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            guard.refresh_keys().await;
            match read(&file) {
                Ok(entries) if known.as_ref() == Some(&entries) => {}
                Ok(entries) => {
                    tracing::info!("`{}` lets {} in now", file.display(), entries.len());
                    guard.replace(Access::Listed(entries.clone()));
                    known = Some(entries);
                }
                Err(error) => tracing::error!("the list of tokens stays as it was: {error:#}"),
            }
        }
    }
}

/// An issuer as `argument` and those beside it say.
async fn issuer_of(
    argument: &str,
    issuer: &str,
    audiences: &[String],
    keys: &KeySource,
) -> anyhow::Result<Issuer> {
    if issuer.is_empty() || audiences.iter().any(String::is_empty) {
        bail!("`{argument}` and its audience cannot be empty: every ID token would be refused");
    }
    if let KeySource::Url(url) = keys
        && url.scheme() == "http"
    {
        tracing::warn!(
            "the keys of `{issuer}` come from {url} without TLS: whoever can change them on the way can be anybody"
        );
    }
    let config = IssuerConfig {
        issuer: issuer.to_owned(),
        audiences: audiences.to_vec(),
        keys: keys.clone(),
        rules: KeyRules::default(),
    };
    let opened = Issuer::open(config).await;
    opened.with_context(|| format!("ID tokens of `{issuer}` cannot be checked (`{argument}`)"))
}

fn read(file: &Path) -> anyhow::Result<Entries> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("could not read the list of tokens `{}`", file.display()))?;
    Entries::read(&text)
        .with_context(|| format!("the list of tokens `{}` cannot be used", file.display()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        access: AccessArguments,
    }

    const LOCAL: &str = "127.0.0.1:7070";

    fn parse(arguments: &[&str]) -> Result<AccessArguments, String> {
        let program = Program::try_parse_from([&["program"], arguments].concat());
        program.map(|program| program.access).map_err(|error| error.to_string())
    }

    #[test]
    fn an_issuer_needs_its_audience_its_keys_and_a_list() {
        let all = [
            ["--oidc-issuer", "https://issuer"],
            ["--oidc-audience", "client"],
            ["--oidc-keys", "https://issuer/keys"],
            ["--tokens", "tokens.json"],
        ];
        assert!(parse(all.as_flattened()).is_ok());
        for (left_out, [missing, _]) in all.iter().enumerate() {
            let others = all
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != left_out)
                .flat_map(|(_, pair)| *pair);
            let refused = parse(&others.collect::<Vec<_>>()).unwrap_err();
            assert!(refused.contains(missing), "{refused}");
        }
        assert!(parse(&["--iap-audience", "/projects/1/x"]).unwrap_err().contains("--tokens"));
        let refused = parse(&["--oidc-keys", "ftp://issuer"]).unwrap_err();
        assert!(refused.contains("neither `https://...` nor a file"), "{refused}");
    }

    #[tokio::test]
    async fn what_cannot_work_ends_the_start_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("tokens.json");
        std::fs::write(&list, r#"[{"email": "kim@example.com", "role": "viewer"}]"#).unwrap();
        let list = list.to_str().unwrap();
        let guard = |arguments: Vec<&str>| {
            let arguments = parse(&[&["--tokens", list], arguments.as_slice()].concat()).unwrap();
            async move { arguments.guard(LOCAL.parse().unwrap()).await }
        };

        let missing = vec!["--iap-audience", "a", "--iap-keys", "/nowhere/keys.json"];
        let refused = format!("{:#}", guard(missing).await.unwrap_err());
        assert!(refused.contains("`--iap-audience`"), "{refused}");
        assert!(refused.contains("`/nowhere/keys.json`"), "{refused}");
        let empty = guard(vec!["--iap-audience", ""]).await.unwrap_err().to_string();
        assert!(empty.contains("cannot be empty"), "{empty}");
        assert!(guard(Vec::new()).await.is_ok());
    }
}
