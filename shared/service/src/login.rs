//! Passwords and certificates for the servers of the pool: from files, so that they stand in no list of processes.

use std::{
    convert::Infallible,
    fmt, fs,
    io::Read,
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context, bail};
use himekuri_tls::{ClientCertificate, Tls};

/// Largest file that is read: a bundle of all public authorities has 250 KiB.
const FILE_MAX: u64 = 4 << 20;

/// Text that is or may hold a password. It is shown by nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, for the one who needs it.
    #[must_use]
    pub fn reveal(self) -> String {
        self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

/// RabbitMQ's password.
#[derive(Clone, Debug, clap::Args)]
pub struct AmqpLogin {
    /// File with the password for RabbitMQ; it replaces the one of `--amqp`.
    #[arg(long, env = "HIMEKURI_AMQP_PASSWORD_FILE", value_name = "FILE")]
    amqp_password_file: Option<PathBuf>,
}

impl AmqpLogin {
    /// What the file says.
    ///
    /// # Errors
    /// The file cannot be read, or holds no password.
    pub fn password(&self) -> anyhow::Result<Option<String>> {
        password(self.amqp_password_file.as_deref())
    }
}

/// Redis's password.
#[derive(Clone, Debug, clap::Args)]
pub struct RedisLogin {
    /// File with the password for Redis; it replaces the one of `--redis`.
    #[arg(long, env = "HIMEKURI_REDIS_PASSWORD_FILE", value_name = "FILE")]
    redis_password_file: Option<PathBuf>,
}

impl RedisLogin {
    /// What the file says.
    ///
    /// # Errors
    /// The file cannot be read, or holds no password.
    pub fn password(&self) -> anyhow::Result<Option<String>> {
        password(self.redis_password_file.as_deref())
    }
}

/// Certificates for `amqps://` and `rediss://`.
#[derive(Clone, Debug, clap::Args)]
pub struct TlsArguments {
    /// Certificates of the authorities that sign your servers', PEM. Without it the system's are trusted, with it no others.
    #[arg(long, env = "HIMEKURI_TLS_CA", value_name = "FILE")]
    tls_ca: Option<PathBuf>,
    /// Certificate to show to servers that ask for one, PEM.
    #[arg(long, env = "HIMEKURI_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of `--tls-cert`, PEM, without a password.
    #[arg(long, env = "HIMEKURI_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

impl TlsArguments {
    /// Reads all files that are named.
    ///
    /// # Errors
    /// One cannot be read.
    pub fn read(&self) -> anyhow::Result<Tls> {
        let read = |path: &Option<PathBuf>| path.as_deref().map(file).transpose();
        let client = read(&self.tls_cert)?.zip(read(&self.tls_key)?);
        Ok(Tls {
            authorities: read(&self.tls_ca)?,
            client: client.map(|(chain, key)| ClientCertificate { chain, key }),
        })
    }
}

fn password(path: Option<&Path>) -> anyhow::Result<Option<String>> {
    path.map(password_in).transpose()
}

/// A password from its file. A line break at the end is the editor's.
///
/// # Errors
/// The file cannot be read, or holds no password.
pub fn password_in(path: &Path) -> anyhow::Result<String> {
    let bytes = file(path)?;
    // The cause would repeat what was read.
    let Ok(text) = String::from_utf8(bytes) else {
        bail!("the password file `{}` is not text in UTF-8", path.display());
    };
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("the password file `{}` is empty", path.display());
    }
    Ok(password.to_owned())
}

/// A small file, such as one of certificates.
///
/// # Errors
/// It cannot be read, or is far too large.
pub fn file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let could_not = || format!("could not read `{}`", path.display());
    let mut bytes = Vec::new();
    let opened = fs::File::open(path).with_context(could_not)?;
    opened.take(FILE_MAX + 1).read_to_end(&mut bytes).with_context(could_not)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > FILE_MAX) {
        bail!("`{}` has more than {FILE_MAX} bytes; is it the right file?", path.display());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[arg(long)]
        amqp: Option<Secret>,
        #[command(flatten)]
        login: AmqpLogin,
        #[command(flatten)]
        tls: TlsArguments,
    }

    fn program(arguments: &[&str]) -> Result<Program, clap::Error> {
        Program::try_parse_from([&["program"], arguments].concat())
    }

    fn password_of(text: &[u8]) -> anyhow::Result<Option<String>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("password");
        fs::write(&path, text)?;
        let path = path.to_str().context("the folder's name is no text")?;
        program(&["--amqp-password-file", path])?.login.password()
    }

    #[test]
    fn a_password_is_read_without_the_line_break_behind_it() {
        assert_eq!(password_of(b"se same\n").unwrap().as_deref(), Some("se same"));
        assert_eq!(password_of(b" sesame \r\n").unwrap().as_deref(), Some(" sesame "));
        assert_eq!(program(&[]).unwrap().login.password().unwrap(), None);
    }

    #[test]
    fn an_empty_or_unreadable_password_file_is_named_but_not_repeated() {
        assert!(format!("{:#}", password_of(b"\n").unwrap_err()).contains("is empty"));
        let error = format!("{:#}", password_of(b"hunter2\xff").unwrap_err());
        assert!(error.contains("UTF-8") && !error.contains("hunter2"), "{error}");
        let missing = program(&["--amqp-password-file", "/nowhere"]).unwrap().login.password();
        assert!(format!("{:#}", missing.unwrap_err()).contains("`/nowhere`"));
    }

    #[test]
    fn a_file_that_is_far_too_large_is_not_read_to_its_end() {
        let error = file(Path::new("/dev/zero")).unwrap_err();

        assert!(error.to_string().contains("is it the right file?"), "{error}");
    }

    #[test]
    fn a_certificate_needs_its_key() {
        assert!(program(&["--tls-cert", "a.pem"]).is_err());
        assert!(program(&["--tls-key", "a.key"]).is_err());
        assert!(program(&["--tls-cert", "a.pem", "--tls-key", "a.key"]).is_ok());
    }

    #[test]
    fn arguments_with_a_password_do_not_show_it() {
        let arguments = program(&["--amqp", "amqp://guest:hunter2@host"]).unwrap();

        assert!(!format!("{arguments:?}").contains("hunter2"));
        assert_eq!(arguments.amqp.unwrap().reveal(), "amqp://guest:hunter2@host");
    }
}
