//! Objects are read as they were written, or refused.

use super::*;

fn attempt() -> ArchivedAttempt {
    ArchivedAttempt {
        attempt: AttemptId(12),
        session_key: "title/daily/2019-09-01T15:00:00Z".to_owned(),
        number: 2,
        summary: "{\"a\": 1.0}\r".to_owned(),
        log: (0..2_000).map(|n| format!("{{\"n\":{n},\"text\":\"日めくり\"}}")).collect(),
    }
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn an_attempt_comes_back_as_it_was_to_the_byte() {
    let empty = ArchivedAttempt { log: Vec::new(), ..attempt() };
    for attempt in [attempt(), empty] {
        let bytes = encode(&attempt).unwrap();

        assert_eq!(decode(&bytes).unwrap(), attempt);
        assert_eq!(difference(&bytes, &attempt).unwrap(), None);
    }
}

#[test]
fn an_object_of_today_is_read_for_ever() {
    let bytes = packed(concat!(
        "{\"version\":1,\"attempt\":7,\"session_key\":\"s\",\"number\":1,\"records\":2}\n",
        "{\"project\":\"title\"}\n{\"n\":1}\n{\"n\":2}\n",
    ));

    let read = decode(&bytes).unwrap();

    assert_eq!((read.attempt, read.number, read.session_key.as_str()), (AttemptId(7), 1, "s"));
    assert_eq!(read.summary, "{\"project\":\"title\"}");
    assert_eq!(read.log, ["{\"n\":1}", "{\"n\":2}"]);
}

#[test]
fn no_length_of_an_object_but_its_own_is_read() {
    let attempt = ArchivedAttempt { log: vec!["{}".to_owned(); 3], ..attempt() };
    let bytes = encode(&attempt).unwrap();

    for length in 0..bytes.len() {
        let short = &bytes[..length];
        assert!(matches!(decode(short), Err(Unreadable::Damaged(_))), "{length}");
        assert!(difference(short, &attempt).is_err(), "{length}");
    }
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let attempt = ArchivedAttempt { log: vec!["{}".to_owned(); 3], ..attempt() };
    let bytes = encode(&attempt).unwrap();

    // The first ten are gzip's head: time, system and flags say nothing about the content.
    for place in 10..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let read = decode(&changed);
        assert!(matches!(read, Err(Unreadable::Damaged(_))), "byte {place}: {read:?}");
    }
}

#[test]
fn more_records_than_the_head_says_are_refused() {
    let bytes = packed(
        "{\"version\":1,\"attempt\":7,\"session_key\":\"s\",\"number\":1,\"records\":0}\n{}\n{}\n",
    );

    assert!(matches!(decode(&bytes), Err(Unreadable::Damaged(_))));
}

#[test]
fn a_newer_version_is_told_whatever_else_it_says() {
    let bytes = packed("{\"version\":2,\"all\":\"new\"}\nx");

    assert!(matches!(decode(&bytes), Err(Unreadable::Version { found: 2, known: 1 })));
}

#[test]
fn each_difference_is_told() {
    let bytes = encode(&attempt()).unwrap();
    let mut log = attempt().log;
    log[7] = "{}".to_owned();
    for (other, told) in [
        (ArchivedAttempt { number: 3, ..attempt() }, "number 2 of"),
        (ArchivedAttempt { log: Vec::new(), ..attempt() }, "with 2000 records, and not"),
        (ArchivedAttempt { summary: "{}".to_owned(), ..attempt() }, "summary"),
        (ArchivedAttempt { log, ..attempt() }, "record 7"),
    ] {
        let difference = difference(&bytes, &other).unwrap().unwrap();
        assert!(difference.contains(told), "{difference}");
    }
}

#[test]
fn a_record_on_two_lines_cannot_be_written() {
    let broken = ArchivedAttempt { log: vec!["{\n}".to_owned()], ..attempt() };

    let refused = encode(&broken).unwrap_err();

    assert!(refused.contains("line 2"), "{refused}");
}
