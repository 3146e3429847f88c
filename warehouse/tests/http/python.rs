//! Google's own Python client, unchanged, makes all its calls: `tests/python/client.py`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::server::Server;

const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/requirements.txt");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/client.py");

/// An interpreter that finds the client, and the folder of its packages when it is not its own.
struct Python {
    program: PathBuf,
    packages: Option<PathBuf>,
}

impl Python {
    /// In Cargo's folder for tests: made once for each version of the client.
    fn prepared() -> Self {
        let version = fs::read_to_string(REQUIREMENTS).unwrap();
        let version = version.lines().find(|line| line.contains("==")).unwrap().replace("==", "-");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{version}"));
        if folder.join("ready").is_file() {
            return Self::in_folder(&folder);
        }
        // What a broken installation left is of no use.
        let _ = fs::remove_dir_all(&folder);
        let failures = match Self::install(&folder) {
            Ok(()) => return Self::in_folder(&folder),
            Err(failures) => failures,
        };
        panic!(
            "the Python client could not be installed. Install python3-venv (or python3-pip), and let pip reach its \
             package index.\n{failures}"
        );
    }

    fn install(folder: &Path) -> Result<(), String> {
        let install = |python: &Path, target: &[&str]| {
            let mut command = Command::new(python);
            command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
            succeeded(command.args(target).args(["--requirement", REQUIREMENTS]))
        };
        let own = folder.join("own");
        let venv = succeeded(Command::new("python3").args(["-m", "venv"]).arg(&own))
            .and_then(|()| install(&own.join("bin/python"), &[]));
        let Err(first) = venv else {
            return fs::write(folder.join("ready"), "").map_err(|error| error.to_string());
        };
        // Debian has Python without `venv` unless it was asked for.
        let _ = fs::remove_dir_all(&own);
        let packages = folder.join("packages");
        let target = ["--target", packages.to_str().unwrap()];
        install(Path::new("python3"), &target)
            .and_then(|()| fs::write(folder.join("ready"), "").map_err(|error| error.to_string()))
            .map_err(|second| format!("{first}\n{second}"))
    }

    fn in_folder(folder: &Path) -> Self {
        match folder.join("own/bin/python") {
            program if program.exists() => Self { program, packages: None },
            _system => Self { program: "python3".into(), packages: Some(folder.join("packages")) },
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.program);
        if let Some(packages) = &self.packages {
            command.env("PYTHONPATH", packages);
        }
        command.args(arguments).output().unwrap()
    }
}

fn succeeded(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{command:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

#[test]
fn googles_python_client_makes_all_its_calls() {
    let python = Python::prepared();
    let bucket = TempDir::new().unwrap();
    let folder = bucket.path().to_str().unwrap();
    let server = Server::open_with(TempDir::new().unwrap(), &["--gcs", &format!("files={folder}")]);

    let output = python.run(&[SCRIPT, &server.url, folder]);

    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    println!("{text}");
    assert!(output.status.success(), "{text}{errors}");
    let passed = text.lines().filter(|line| line.starts_with("ok ")).count();
    assert!(passed >= 45, "{text}{errors}");
    assert_eq!(text.lines().last(), Some(format!("{passed} of {passed} calls passed").as_str()));
}
