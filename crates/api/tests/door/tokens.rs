//! Pagination tokens open only where they were given.

use crate::bench::{Bench, root};
use api::{Caller, Cx, Request};
use base::{AccountId, Region};
use wire::generated::ec2::SERVICE;

fn with<T>(bench: &Bench, caller: &Caller, region: &str, mut work: impl FnMut(&mut Cx) -> T) -> T {
    let request = Request { region: Region::parse(region).unwrap(), ..bench.request() };
    bench.door.transact(caller, &request, &SERVICE, |cx| Ok(work(cx))).unwrap()
}

#[test]
fn a_token_opens_for_the_same_account_region_and_action_only() {
    let bench = Bench::new();
    let other = Caller::root(AccountId::parse("444455556666").unwrap(), "AKIAOTHER", "127.0.0.1", "x");
    let token = with(&bench, &root(), "us-east-1", |cx| cx.page_token("DescribeVolumes", "the/cursor"));
    let open = |caller: &Caller, region: &str, action: &str, token: &str| {
        with(&bench, caller, region, |cx| cx.page_cursor(action, token))
    };
    assert_eq!(open(&root(), "us-east-1", "DescribeVolumes", &token).as_deref(), Some("the/cursor"));
    assert_eq!(open(&other, "us-east-1", "DescribeVolumes", &token), None);
    assert_eq!(open(&root(), "us-west-2", "DescribeVolumes", &token), None);
    assert_eq!(open(&root(), "us-east-1", "DescribeInstances", &token), None);
    for bad in ["", "x", &token[1..], &format!("{token}A")] {
        assert_eq!(open(&root(), "us-east-1", "DescribeVolumes", bad), None, "{bad}");
    }
}

#[test]
fn a_handler_without_what_it_needs_is_a_fault_and_not_a_panic() {
    let bench = Bench::new();
    let missing = with(&bench, &root(), "us-east-1", |cx| cx.dependency::<Bench>().is_err());
    assert!(missing);
}
