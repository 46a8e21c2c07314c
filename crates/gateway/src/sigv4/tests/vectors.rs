//! AWS's published signature vectors: header and query forms of the public signing test suite (key `AKIDEXAMPLE`, service
//! `service`). Each states a request and the signature that it must have; path and query are given before URL encoding, as the
//! suite does. Left out: multi-line header values, which HTTP has abolished and hyper refuses.

use super::{KEY, SECRET};
use crate::sigv4::canonical::{Request, sha256_hex, string_to_sign};
use crate::sigv4::claim::signed_headers;
use crate::sigv4::signing_key;

const SCOPE: &str = "20150830/us-east-1/service/aws4_request";
const DATE: &str = "20150830T123600Z";
const UNRESERVED: &str = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const STS_TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YU\
                         uwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHN\
                         VXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

struct Vector {
    name: &'static str,
    method: &'static str,
    path: String,
    query: String,
    /// Besides `host` and `x-amz-date`; all of them signed.
    headers: Vec<(&'static str, &'static str)>,
    body: &'static str,
    signature: &'static str,
}

fn get(name: &'static str, path: &str, query: &str, signature: &'static str) -> Vector {
    Vector {
        name,
        method: "GET",
        path: path.into(),
        query: query.into(),
        headers: Vec::new(),
        body: "",
        signature,
    }
}

fn post(
    name: &'static str,
    headers: &[(&'static str, &'static str)],
    body: &'static str,
    signature: &'static str,
) -> Vector {
    Vector { method: "POST", headers: headers.to_vec(), body, ..get(name, "/", "", signature) }
}

fn header_vectors() -> Vec<Vector> {
    let unreserved_query = format!("{UNRESERVED}={UNRESERVED}");
    let with_headers = |headers: &[(&'static str, &'static str)], vector: Vector| Vector {
        headers: headers.to_vec(),
        ..vector
    };
    let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    let post_vanilla = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
    let hash = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";
    vec![
        get("get-vanilla", "/", "", vanilla),
        get("get-slash-normalized", "//", "", vanilla),
        get("get-slash-dot-slash-normalized", "/./", "", vanilla),
        get("get-relative-normalized", "/example/..", "", vanilla),
        get("get-relative-relative-normalized", "/example1/example2/../..", "", vanilla),
        get(
            "get-slash-pointless-dot-normalized",
            "/./example",
            "",
            "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
        ),
        get(
            "get-slashes-normalized",
            "//example//",
            "",
            "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
        ),
        get(
            "get-space-normalized",
            "/example space/",
            "",
            "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
        ),
        get("get-utf8", "/ሴ", "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        get(
            "get-unreserved",
            &format!("/{UNRESERVED}"),
            "",
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ),
        get("get-vanilla-query", "/", "", vanilla),
        get(
            "get-vanilla-empty-query-key",
            "/",
            "Param1=value1",
            "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
        ),
        get(
            "get-vanilla-query-order-key-case",
            "/",
            "Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        get(
            "get-vanilla-query-order-encoded",
            "/",
            "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
        ),
        get(
            "get-vanilla-query-unreserved",
            "/",
            &unreserved_query,
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
        ),
        get(
            "get-vanilla-utf8-query",
            "/",
            "ሴ=bar",
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
        ),
        with_headers(
            &[("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1")],
            get(
                "get-header-key-duplicate",
                "/",
                "",
                "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
            ),
        ),
        with_headers(
            &[
                ("my-header1", "value4"),
                ("my-header1", "value1"),
                ("my-header1", "value3"),
                ("my-header1", "value2"),
            ],
            get(
                "get-header-value-order",
                "/",
                "",
                "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
            ),
        ),
        with_headers(
            &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
            get(
                "get-header-value-trim",
                "/",
                "",
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            ),
        ),
        with_headers(
            &[("x-amz-security-token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267")],
            get(
                "get-vanilla-with-session-token",
                "/",
                "",
                "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
            ),
        ),
        post("post-vanilla", &[], "", post_vanilla),
        post("post-header-key-case", &[], "", post_vanilla),
        Vector {
            query: "Param1=value1".into(),
            ..post(
                "post-vanilla-query",
                &[],
                "",
                "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
            )
        },
        post(
            "post-header-key-sort",
            &[("my-header1", "value1")],
            "",
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        ),
        post(
            "post-header-value-case",
            &[("my-header1", "VALUE1")],
            "",
            "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
        ),
        post(
            "post-sts-header-before",
            &[("x-amz-security-token", STS_TOKEN)],
            "",
            "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
        ),
        post(
            "post-x-www-form-urlencoded",
            &[
                ("content-type", "application/x-www-form-urlencoded"),
                ("content-length", "13"),
                ("x-amz-content-sha256", hash),
            ],
            "Param1=value1",
            "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
        ),
        post(
            "post-x-www-form-urlencoded-parameters",
            &[
                ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                ("content-length", "13"),
                ("x-amz-content-sha256", hash),
            ],
            "Param1=value1",
            "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
        ),
    ]
}

fn presigned_vectors() -> Vec<Vector> {
    let unreserved_query = format!("{UNRESERVED}={UNRESERVED}");
    vec![
        get(
            "get-vanilla-query-order-encoded",
            "/",
            "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
            "c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787",
        ),
        get(
            "get-vanilla-query-unreserved",
            "/",
            &unreserved_query,
            "8e76a88a7433637b12778d5592799b29ad21ecd6cf6325051c21d86f0acda2bf",
        ),
        get(
            "get-space-normalized",
            "/example space/",
            "",
            "7a1f416954786484c9824d93c1f26ef64acb9b1b6c9154d08c9f07d0e394abf6",
        ),
        get(
            "get-slashes-normalized",
            "//example//",
            "",
            "c1834e8fb0307243711f0f907f6ab7311ed300d87f13792d7ee4da89ab93e082",
        ),
        get("get-utf8", "/ሴ", "", "10eae3f14a260bd3911cc6d008d3c576d143b05b62f09782a7a4b37f52178e44"),
    ]
}

fn signature(vector: &Vector, query: &str, headers: &[(String, String)]) -> String {
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let canonical = Request {
        method: vector.method,
        path: &vector.path,
        query,
        headers,
        signed_headers: &signed_headers(&names.join(";")).unwrap(),
        payload: &sha256_hex(vector.body.as_bytes()),
    }
    .canonical()
    .unwrap();
    let key = signing_key::derive(SECRET.as_bytes(), "20150830", "us-east-1", "service").unwrap();
    hex::encode(signing_key::sign(&key, &string_to_sign(DATE, SCOPE, &canonical)))
}

fn headers(vector: &Vector, dated: bool) -> Vec<(String, String)> {
    let date = if dated { vec![("x-amz-date", DATE)] } else { Vec::new() };
    let all =
        [("host", "example.amazonaws.com")].into_iter().chain(date).chain(vector.headers.iter().copied());
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn header_signatures_are_the_published_ones() {
    for vector in header_vectors() {
        assert_eq!(
            signature(&vector, &vector.query, &headers(&vector, true)),
            vector.signature,
            "{}",
            vector.name
        );
    }
}

#[test]
fn presigned_signatures_are_the_published_ones() {
    for vector in presigned_vectors() {
        let own = if vector.query.is_empty() { String::new() } else { format!("{}&", vector.query) };
        let query = format!(
            "{own}X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={KEY}%2F20150830%2Fus-east-1%2Fservice%2Faws4_request\
             &X-Amz-Date={DATE}&X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Signature={}",
            vector.signature
        );
        assert_eq!(signature(&vector, &query, &headers(&vector, false)), vector.signature, "{}", vector.name);
    }
}
