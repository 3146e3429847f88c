//! Each case runs as digdag's rules say.
//!
//! `HIMEKURI_BLESS=1 cargo test -p himekuri-compat` writes the runs anew; a run is kept only if each line of it follows from
//! the rule that the case names.

use himekuri_compat::{World, cases, transcript};

#[test]
fn each_case_runs_as_the_rules_say() {
    let mut differences = Vec::new();
    for case in cases() {
        let mut world = World::new(&case);
        world.run(|_| ());
        let found = transcript(&world);
        if std::env::var_os("HIMEKURI_BLESS").is_some() {
            case.bless(&found);
        } else if found != case.run {
            differences.push(format!("{}: expected\n{}found\n{found}", case.name, case.run));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn each_case_says_which_rule_it_shows_and_where_the_rule_comes_from() {
    let cases = cases();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    for case in cases {
        assert!(case.rule.contains("Source: "), "{} names no source", case.name);
    }
}
