//! Tests of the form reader: what AWS's clients send is read, everything else is refused, nothing panics, and the
//! caps hold.

use super::*;
use crate::call::Call;
use base::{Refusal, Timestamp};
use proptest::prelude::*;

#[derive(Debug, Default, PartialEq)]
struct Inner {
    name: Option<String>,
    values: Option<Vec<String>>,
}

impl FormStruct for Inner {
    fn from_form(form: &mut Reader<'_>) -> Self {
        Inner { name: form.inner_required("Name"), values: form.list("Value") }
    }
}

#[derive(Debug, Default, PartialEq)]
struct Outer {
    id: String,
    ids: Vec<String>,
    size: Option<i32>,
    long: Option<i64>,
    ratio: Option<f64>,
    dry_run: Option<bool>,
    until: Option<Timestamp>,
    filters: Option<Vec<Inner>>,
    one: Option<Inner>,
    wrapped: Option<Vec<String>>,
}

impl FormStruct for Outer {
    fn from_form(form: &mut Reader<'_>) -> Self {
        Outer {
            id: form.required("Id"),
            ids: form.required_list("Ids"),
            size: form.optional("Size"),
            long: form.optional("Long"),
            ratio: form.optional("Ratio"),
            dry_run: form.optional("DryRun"),
            until: form.optional("Until"),
            filters: form.list("Filter"),
            one: form.optional("One"),
            wrapped: form.wrapped_list("Wrapped", "member"),
        }
    }
}

fn read(query: &str, body: &str) -> Result<Outer, Refusal> {
    decode(&Call { query: query.into(), body: body.to_owned().into(), ..Call::default() })
}

/// The refusal of a request that is right but for `more`.
fn refusal(more: &str) -> (String, String) {
    let refusal = read("", &format!("Action=A&Version=1&Id=x&Ids.1=y&{more}")).unwrap_err();
    (refusal.code.into_owned(), refusal.message)
}

#[test]
fn everything_a_client_may_send_is_read() {
    let all = "Id=a+b%2Bc%C3%A9&Ids.2=second&Ids.10=tenth&Ids.1=first&Size=-5&Long=9000000000&Ratio=0.5&DryRun=True\
               &Until=2026-01-02T03%3A04%3A05Z&Filter.1.Name=n&Filter.1.Value.1=v&Filter.3.Name=&One.Name=o\
               &Wrapped.member.1=w";
    let outer = read("Action=A&Version=1&X-Amz-Signature=f00", all).unwrap();
    assert_eq!(outer.id, "a b+cé");
    assert_eq!(outer.ids, ["first", "second", "tenth"]);
    assert_eq!((outer.size, outer.long, outer.ratio), (Some(-5), Some(9_000_000_000), Some(0.5)));
    assert_eq!(outer.dry_run, Some(true));
    assert_eq!(outer.until, Some(Timestamp::from_secs(1_767_323_045)));
    let filters = outer.filters.unwrap();
    assert_eq!(filters[0], Inner { name: Some("n".into()), values: Some(vec!["v".into()]) });
    assert_eq!(filters[1], Inner { name: Some(String::new()), values: None });
    assert_eq!(outer.wrapped, Some(vec!["w".into()]));
    assert_eq!(read("", "Id=a&Ids.1=b&Wrapped=").unwrap().wrapped, Some(vec![]));
    assert_eq!(read("Id=a&Ids.1=b", "").unwrap().filters, None);
}

#[test]
fn what_is_not_recognised_is_named() {
    for (more, name) in [
        ("Foo=1", "Foo"),
        ("id=1", "id"),
        ("Foo.1.Bar=1", "Foo.1.Bar"),
        ("Filter.1.Name=n&Filter.1.Value.1=v&Filter.1.Extra.2=x", "Filter.1.Extra.2"),
        ("Filter.Name=n", "Filter.Name"),
        ("Filter.0.Name=n", "Filter.0.Name"),
        ("Filter.01.Name=n", "Filter.01.Name"),
        ("Filter.+1.Name=n", "Filter. 1.Name"),
        ("Filter.10001.Name=n", "Filter.10001.Name"),
        ("Filter.99999999999999999999.Name=n", "Filter.99999999999999999999.Name"),
        ("Filter.1=n", "Filter.1"),
        ("Filter=n", "Filter"),
        ("Size.1=5", "Size.1"),
        ("One=x&One.Name=y", "One"),
        ("Ids.x=1", "Ids.x"),
        ("Wrapped.1=w", "Wrapped.1"),
        ("Wrapped.member.x=w", "Wrapped.member.x"),
        ("Wrapped.member.1=w&Wrapped.2=w", "Wrapped.2"),
        ("Wrapped.member=w", "Wrapped.member"),
        ("Filter.1.Name=n&Filter.1.Name.x=m", "Filter.1.Name.x"),
        ("Filter.1-x.Name=n&Filter.1.Name=m", "Filter.1-x.Name"),
        ("Zulu=1&Alpha=2", "Zulu"),
        ("Action.1=x", "Action.1"),
        ("%00=x", "\0"),
    ] {
        let expected = ("UnknownParameter".to_owned(), format!("The parameter {name} is not recognized"));
        assert_eq!(refusal(more), expected, "{more}");
    }
}

#[test]
fn malformed_values_are_refused_with_the_name_of_the_parameter() {
    for (more, value, name) in [
        ("Size=x", "x", "Size"),
        ("Size=", "", "Size"),
        ("Size=1.5", "1.5", "Size"),
        ("Size=2147483648", "2147483648", "Size"),
        ("Size=+%201", "  1", "Size"),
        ("Long=9223372036854775808", "9223372036854775808", "Long"),
        ("Ratio=NaN", "NaN", "Ratio"),
        ("Ratio=inf", "inf", "Ratio"),
        ("DryRun=TRUE", "TRUE", "DryRun"),
        ("DryRun=1", "1", "DryRun"),
        ("DryRun=", "", "DryRun"),
        ("Until=yesterday", "yesterday", "Until"),
    ] {
        let (code, message) = refusal(more);
        assert_eq!(code, "InvalidParameterValue", "{more}");
        let expected = format!("Value ({value}) for parameter {name} is invalid. ");
        assert!(message.starts_with(&expected), "{message}");
    }
}

#[test]
fn missing_parameters_are_named_and_misspelt_ones_come_first() {
    let missing = |body: &str| read("", body).unwrap_err();
    assert_eq!(missing("").code, "MissingParameter");
    assert_eq!(missing("").message, "The request must contain the parameter Id");
    assert_eq!(missing("Id=x").message, "The request must contain the parameter Ids");
    assert_eq!(
        missing("Id=x&Ids.1=y&Filter.2.Value.1=v").message,
        "The request must contain the parameter Filter.2.Name"
    );
    assert_eq!(missing("Idd=x").code, "UnknownParameter");
    assert_eq!(missing("Size=x").code, "InvalidParameterValue");
}

#[test]
fn text_that_two_readers_could_read_differently_is_refused() {
    let deep = format!("{}=x", vec!["A"; DEPTH_MAX + 1].join("."));
    for body in [
        "Id=%",
        "Id=%4",
        "Id=%4g",
        "Id=%+1",
        "Id=%FF",
        "Id=%C3",
        "=x",
        "Id=a&Id=b",
        "Id=a&%49d=b",
        "A..B=x",
        ".A=x",
        "A.=x",
        &deep,
        &format!("{}=x", "A".repeat(513)),
    ] {
        assert_eq!(read("", body).unwrap_err().code, "MalformedQueryString", "{body}");
    }
    assert!(parse(b"Id=\xff").is_err());
    assert_eq!(read("Id=a", "Id=b").unwrap_err().code, "MalformedQueryString");
}

#[test]
fn the_number_of_parameters_is_capped() {
    let body = |count: usize| (0..count).map(|n| format!("P{n}=")).collect::<Vec<_>>().join("&");
    assert_eq!(parse(body(PARAMETERS_MAX).as_bytes()).unwrap().parameters().len(), PARAMETERS_MAX);
    assert!(parse(body(PARAMETERS_MAX + 1).as_bytes()).is_err());
    // Empty pieces are no parameters and do not count.
    assert!(parse("&".repeat(PARAMETERS_MAX * 2).as_bytes()).unwrap().parameters().is_empty());
}

/// Percent-encodes everything, so that the round trip does not depend on what may stay plain.
fn escape(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
        let _ = decode::<Outer>(&Call { body: bytes.into(), ..Call::default() });
    }

    #[test]
    fn what_was_escaped_comes_back(pairs in proptest::collection::btree_map("\\PC{1,20}", ".{0,30}", 0..20)) {
        let text: Vec<String> = pairs.iter().map(|(n, v)| format!("{}={}", escape(n), escape(v))).collect();
        let form = parse(text.join("&").as_bytes()).unwrap();
        let back: std::collections::BTreeMap<_, _> = form.parameters().iter().cloned().collect();
        prop_assert_eq!(back, pairs);
    }

    #[test]
    fn lists_come_back_in_the_order_of_their_indexes(
        indexes in proptest::collection::btree_set(1..=INDEX_MAX, 1..50),
        seed in any::<u64>(),
    ) {
        let mut parts: Vec<String> = indexes.iter().map(|index| format!("Ids.{index}=v{index}")).collect();
        // Any order on the wire.
        parts.sort_by_key(|part| part.bytes().fold(seed, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into())));
        let outer = read("", &format!("Id=x&{}", parts.join("&"))).unwrap();
        prop_assert_eq!(outer.ids, indexes.iter().map(|index| format!("v{index}")).collect::<Vec<_>>());
    }

    #[test]
    fn a_bounded_mutation_of_a_real_request_never_panics_and_never_passes_a_cap(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..30),
    ) {
        let mut body = b"Action=RunInstances&Version=2016-11-15&BlockDeviceMapping.1.Ebs.VolumeSize=8&Filter.1.Value.2=a%20b"
            .to_vec();
        for (at, byte, how) in edits {
            let at = at.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => body.insert(at, b".=&%"[usize::from(byte % 4)]),
                2 if body.len() > 1 => drop(body.remove(at)),
                _ => body.extend_from_within(at..),
            }
            body.truncate(4096);
        }
        if let Ok(form) = parse(&body) {
            prop_assert!(form.parameters().len() <= PARAMETERS_MAX);
            prop_assert!(form.parameters().iter().all(|(name, _)| !name.is_empty()));
            let deep = form.parameters().iter().any(|(name, _)| name.split('.').count() > DEPTH_MAX);
            prop_assert!(!deep || Parameters::of(form).is_err());
        }
        let call = Call { body: body.into(), ..Call::default() };
        let _ = <crate::generated::ec2::RunInstancesInput as crate::Input>::decode(&call);
        let _ = crate::operation_name(&crate::generated::ec2::SERVICE, &call);
    }
}

#[test]
fn text_that_xml_cannot_carry_is_refused_and_named() {
    for (escaped, shown) in
        [("%01", "U+0001"), ("%00", "U+0000"), ("a%1Bb", "U+001B"), ("%EF%BF%BE", "U+FFFE")]
    {
        let call = Call {
            method: "POST".into(),
            path: "/".into(),
            query: String::new(),
            headers: vec![],
            body: format!("Id={escaped}&Ids.1=x").into(),
        };
        let refusal = decode::<Outer>(&call).unwrap_err();
        assert_eq!(refusal.code, "InvalidParameterValue");
        assert!(refusal.message.contains(shown), "{}", refusal.message);
    }
}
