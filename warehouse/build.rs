//! Finds DuckDB's library and writes its folder into the binary, so that it runs from anywhere.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");
    if env::var_os("CARGO_FEATURE_BUNDLED").is_some() {
        return ExitCode::SUCCESS;
    }
    let folder = PathBuf::from(env::var_os("DUCKDB_LIB_DIR").unwrap_or_default());
    let Some(folder) = folder.join("libduckdb.so").canonicalize().ok().and_then(parent) else {
        println!(
            "cargo:error=DuckDB's library `{}` is not there: run scripts/fetch-duckdb.sh",
            folder.join("libduckdb.so").display()
        );
        return ExitCode::FAILURE;
    };
    println!("cargo:rerun-if-changed={}", folder.join("libduckdb.so").display());
    // Beside the binary first: an installed copy needs no build folder.
    println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN");
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", folder.display());
    ExitCode::SUCCESS
}

fn parent(file: PathBuf) -> Option<PathBuf> {
    file.parent().map(PathBuf::from)
}
