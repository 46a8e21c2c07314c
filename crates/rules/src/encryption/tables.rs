//! The tables of all families, rendered by asking the functions, compared with the committed ones under `golden/`, which their
//! doc comments show.

use super::*;
use std::fmt::Write;

const FLAGS: [(Option<bool>, &str); 3] = [(None, "unset"), (Some(true), "true"), (Some(false), "false")];
const DEFAULTS: [(bool, &str); 2] = [(false, "off"), (true, "on")];
const KEYS: [Option<&str>; 2] = [None, Some("GK")];
const DK: &str = "DK";
const OWN: Source = Source::Encrypted { key: "SK", own: true };
const SHARED: Source = Source::Encrypted { key: "SK", own: false };
const SNAPSHOTS: [(Source, &str); 4] = [
    (Source::Unencrypted, "unencrypted, own"),
    (Source::Unencrypted, "unencrypted, shared"),
    (OWN, "encrypted, own"),
    (SHARED, "encrypted, shared"),
];

/// An outcome in the words of the tables.
fn words(answer: Result<Outcome, Refusal>) -> String {
    match answer {
        Ok(Outcome::Unencrypted) => "unencrypted".into(),
        Ok(Outcome::Encrypted { key, .. }) => match key.as_str() {
            "SK" => "the source's key".into(),
            "GK" => "the named key".into(),
            DK => "default EBS key".into(),
            other => panic!("a key from nowhere: {other}"),
        },
        Err(refusal) => refusal.code.into_owned(),
    }
}

/// Lines in columns as wide as their widest cell.
fn columns(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let line: String = row.iter().zip(&widths).fold(String::new(), |mut line, (cell, width)| {
            write!(line, "{cell:width$}   ").unwrap();
            line
        });
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
    text
}

fn head(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

/// The table of a family with EC2's inputs.
fn ec2_table(
    sources: &[(Source<'static>, &str)],
    decide: impl Fn(Asked) -> Result<Outcome, Refusal>,
) -> Vec<Vec<String>> {
    let mut rows = vec![head(&["Encrypted", "by default", "source", "key not given", "key given"])];
    for (encrypted, flag) in FLAGS {
        for (by_default, on) in DEFAULTS {
            for (source, name) in sources {
                let mut row = head(&[flag, on, name]);
                row.extend(KEYS.map(|key| {
                    words(decide(Asked { encrypted, key, by_default, default_key: DK, source: *source }))
                }));
                rows.push(row);
            }
        }
    }
    rows
}

/// Compares with the committed table; after a wanted change, what the failure prints is the new one.
fn check(name: &str, committed: &str, rows: &[Vec<String>]) {
    let rendered = columns(rows);
    assert!(
        committed == rendered,
        "the function and golden/{name}.txt differ; the function's table:\n\n{rendered}"
    );
}

#[test]
fn create_does_what_its_table_says() {
    let mut sources = vec![(Source::Unencrypted, "new, empty")];
    sources.extend(SNAPSHOTS);
    check("create", include_str!("golden/create.txt"), &ec2_table(&sources, create));
    // A launch has the same table in other words.
    assert_eq!(ec2_table(&sources, create), ec2_table(&sources, launch));
}

#[test]
fn copy_snapshot_does_what_its_table_says() {
    check("copy_snapshot", include_str!("golden/copy_snapshot.txt"), &ec2_table(&SNAPSHOTS, copy_snapshot));
}

#[test]
fn copy_image_does_what_its_table_says() {
    let same = ec2_table(&SNAPSHOTS, |asked| copy_image(asked, true));
    let other = ec2_table(&SNAPSHOTS, |asked| copy_image(asked, false));
    let mut rows = vec![head(&[
        "Encrypted",
        "by default",
        "snapshot",
        "key not given",
        "... to another Region",
        "key given",
    ])];
    for (same, other) in same.iter().zip(&other).skip(1) {
        assert_eq!((&same[..3], &same[4]), (&other[..3], &other[4]), "a named key is used in every Region");
        rows.push(head(&[&same[0], &same[1], &same[2], &same[3], &other[3], &same[4]]));
    }
    check("copy_image", include_str!("golden/copy_image.txt"), &rows);
}

#[test]
fn copy_volume_does_what_its_table_says() {
    let mut rows = vec![head(&["by default", "volume", "outcome"])];
    for (by_default, on) in DEFAULTS {
        for (source, name) in
            [(Source::Unencrypted, "unencrypted"), (OWN, SNAPSHOTS[2].1), (SHARED, SNAPSHOTS[3].1)]
        {
            rows.push(head(&[on, name, &words(Ok(copy_volume(source, by_default, DK)))]));
        }
    }
    check("copy_volume", include_str!("golden/copy_volume.txt"), &rows);
}

#[test]
fn mapping_does_what_its_table_says() {
    let described = [
        (Described::NewVolume, "new empty volume"),
        (Described::Snapshot { encrypted: false }, "unencrypted snapshot"),
        (Described::Snapshot { encrypted: true }, "encrypted snapshot"),
        (Described::Volume { encrypted: false }, "unencrypted volume"),
        (Described::Volume { encrypted: true }, "encrypted volume"),
    ];
    let mut rows = vec![head(&["the entry describes", "Encrypted unset", "true", "false", "key given"])];
    for (what, name) in described {
        let answer = |encrypted, key| match mapping(what, encrypted, key) {
            Ok(true) => "encrypted".to_owned(),
            Ok(false) => "unencrypted".to_owned(),
            Err(refusal) => refusal.code.into_owned(),
        };
        let mut row = head(&[name]);
        row.extend(FLAGS.map(|(encrypted, _)| answer(encrypted, None)));
        let with_key = FLAGS.map(|(encrypted, _)| answer(encrypted, Some("GK")));
        assert!(
            with_key.iter().all(|a| *a == with_key[0]),
            "{what:?}: a key is refused whatever Encrypted says"
        );
        row.push(with_key[0].clone());
        rows.push(row);
    }
    check("mapping", include_str!("golden/mapping.txt"), &rows);
}

#[test]
fn start_snapshot_does_what_its_table_says() {
    let parents = [(None, "none"), (Some(None), "unencrypted"), (Some(Some("SK")), "encrypted")];
    let mut rows = vec![head(&["parent", "Encrypted", "by default", "key not given", "key given"])];
    for (parent, name) in parents {
        for (encrypted, flag) in FLAGS {
            for (by_default, on) in DEFAULTS {
                let mut row = head(&[name, flag, on]);
                row.extend(KEYS.map(|key| {
                    words(start_snapshot(StartAsked { encrypted, key, parent, by_default, default_key: DK }))
                }));
                rows.push(row);
            }
        }
    }
    check("start_snapshot", include_str!("golden/start_snapshot.txt"), &rows);
}
