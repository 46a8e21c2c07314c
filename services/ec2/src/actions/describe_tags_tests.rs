//! DescribeTags as wire text.

use crate::testing::{Bench, OTHER, encoded, texts, xml};

fn by(bench: &Bench, name: &str, value: &str) -> Vec<String> {
    texts(&bench.ok(&format!("DescribeTags&Filter.1.Name={name}&Filter.1.Value.1={value}")), "value")
}

#[test]
fn every_tag_is_one_row_in_order_of_resource_and_key() {
    let bench = Bench::new();
    let (volume, instance) = (bench.volume(""), bench.instance());
    bench.ok(&format!("CreateTags&ResourceId.1={volume}&ResourceId.2={instance}&Tag.1.Key=b&Tag.1.Value=1&Tag.2.Key=a&Tag.2.Value=2"));
    let row = |id: &str, kind: &str, key: &str, value: &str| {
        format!(
            "<item><key>{key}</key><resourceId>{id}</resourceId><resourceType>{kind}</resourceType><value>{value}</value></item>"
        )
    };
    let rows = [
        row(&instance, "instance", "a", "2"),
        row(&instance, "instance", "b", "1"),
        row(&volume, "volume", "a", "2"),
        row(&volume, "volume", "b", "1"),
    ];
    assert_eq!(bench.ok("DescribeTags"), xml("DescribeTags", &format!("<tagSet>{}</tagSet>", rows.concat())));
    assert_eq!(by(&bench, "resource-id", &volume).len(), 2);
    assert_eq!(by(&bench, "resource-type", "instance").len(), 2);
    assert_eq!(by(&bench, "key", "b"), ["1", "1"]);
    assert_eq!(by(&bench, "value", "2").len(), 2);
    assert_eq!(by(&bench, "tag:a", "2").len(), 2);
    assert_eq!(by(&bench, "tag-key", "a").len(), 2);
    assert_eq!(by(&bench, "resource-type", "snapshot").len(), 0);
    assert_eq!(texts(&bench.ok_as(OTHER, "DescribeTags"), "key").len(), 0);
}

#[test]
fn pages_hold_every_tag_once() {
    let bench = Bench::new();
    for _ in 0..3 {
        let volume = bench.volume("");
        bench
            .ok(&format!("CreateTags&ResourceId.1={volume}&Tag.1.Key=a&Tag.2.Key=b&Tag.3.Key=c&Tag.4.Key=d"));
    }
    let (mut sizes, mut seen, mut token) = (vec![], vec![], String::new());
    loop {
        let body = bench.ok(&format!("DescribeTags&MaxResults=5&NextToken={}", encoded(&token)));
        let page: Vec<_> = texts(&body, "resourceId").into_iter().zip(texts(&body, "key")).collect();
        sizes.push(page.len());
        seen.extend(page);
        match texts(&body, "nextToken").pop() {
            Some(next) => token = next,
            None => break,
        }
    }
    assert_eq!(sizes, [5, 5, 2]);
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(seen, sorted);
}

#[test]
fn bad_requests_are_refused() {
    let bench = Bench::new();
    let call = "DescribeTags&Filter.1.Name=resource&Filter.1.Value.1=x";
    bench.refused(call, "InvalidParameterValue", "The filter 'resource' is invalid");
    let message = "Value ( 3 ) for parameter maxResults is invalid. Expecting a value greater than 5.";
    bench.refused("DescribeTags&MaxResults=3", "InvalidParameterValue", message);
    let bad = "The specified value for parameter nextToken is invalid.";
    bench.refused("DescribeTags&NextToken=abc", "InvalidParameterValue", bad);
    bench.dry_run_passes("DescribeTags");
    bench.only_root_may("DescribeTags", "ec2:DescribeTags", "*");
}
