//! `himekuri explain`.

use anyhow::bail;
use himekuri_workflow::{codes, did_you_mean};

use crate::failure::Usage;
use crate::output;

/// Show what a code of `himekuri check` means: an example, the cure, and what digdag does.
///
/// Without a code, all of them with their meaning in one line.
///
/// Example:
///   himekuri explain DIG0012
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// The code, such as DIG0012; 12 is enough.
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// The pages of `docs/errors`, built in.
macro_rules! pages {
    ($($code:literal)*) => {
        &[$(($code, include_str!(concat!("../../../docs/errors/", $code, ".md")))),*]
    };
}

const PAGES: &[(&str, &str)] = pages!(
    "DIG0001"
    "DIG0002"
    "DIG0003"
    "DIG0004"
    "DIG0005"
    "DIG0006"
    "DIG0007"
    "DIG0008"
    "DIG0009"
    "DIG0010"
    "DIG0011"
    "DIG0012"
    "DIG0013"
    "DIG0014"
    "DIG0015"
    "DIG0016"
    "DIG0017"
    "DIG0018"
    "DIG0019"
    "DIG0020"
    "DIG0021"
    "DIG0022"
    "DIG0023"
    "DIG0024"
    "DIG0025"
    "DIG0026"
    "DIG0027"
    "DIG0030"
    "DIG0031"
    "DIG0032"
    "DIG0033"
    "DIG0034"
    "DIG0035"
    "DIG0036"
    "DIG0037"
    "DIG0038"
    "DIG0039"
    "DIG0040"
    "DIG0041"
    "DIG0042"
    "DIG0043"
    "DIG0044"
    "DIG0045"
    "DIG0046"
    "DIG0047"
    "DIG0048"
    "DIG0049"
    "DIG0050"
);

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Some(code) = &arguments.code else {
        for (code, _, meaning) in codes::TABLE {
            output::line(format!("{code}  {meaning}"));
        }
        return Ok(());
    };
    match page(code) {
        Ok(page) => {
            output::line(page.trim_end());
            Ok(())
        }
        Err(error) => Err(Usage(error).into()),
    }
}

fn page(written: &str) -> anyhow::Result<&'static str> {
    let digits = written.to_ascii_uppercase();
    let digits = digits.strip_prefix("DIG").unwrap_or(&digits);
    let code = format!("DIG{digits:0>4}");
    if let Some((_, page)) = PAGES.iter().find(|(known, _)| *known == code) {
        return Ok(page);
    }
    match did_you_mean(&code, PAGES.iter().map(|(known, _)| *known)) {
        Some(near) => bail!("there is no code `{written}`; did you mean `{near}`?"),
        None => bail!("there is no code `{written}`; `himekuri explain` lists all of them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_and_every_page_a_code() {
        let codes: Vec<&str> = codes::TABLE.iter().map(|(code, ..)| *code).collect();
        let pages: Vec<&str> = PAGES.iter().map(|(code, _)| *code).collect();

        assert_eq!(pages, codes);
        for (code, page) in PAGES {
            assert!(page.starts_with(&format!("# {code}: ")), "{code}");
        }
    }

    #[test]
    fn a_code_is_found_however_it_is_written() {
        for written in ["DIG0012", "dig12", "12"] {
            assert!(page(written).is_ok_and(|page| page.starts_with("# DIG0012")), "{written}");
        }
        assert!(page("DIG9999").is_err());
    }
}
