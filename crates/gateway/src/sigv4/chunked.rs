//! The `aws-chunked` body: chunks with signatures of their own, so that a client can sign data it has not seen whole.
//!
//! ```text
//! 10000;chunk-signature=<64 hex>\r\n  <65,536 bytes>\r\n          size in hexadecimal; the extension only if signed
//! 0;chunk-signature=<64 hex>\r\n                                  an empty chunk ends the data
//! x-amz-checksum-crc32c:sOO8/Q==\r\n                              trailers, if announced
//! x-amz-trailer-signature:<64 hex>\r\n                            only if signed
//! \r\n
//! ```
//! Each signature covers the one before it, the first covers the request's: chunks cannot be dropped, reordered or taken from
//! another request. Source: Amazon S3 API Reference, "Signature calculations for the Authorization header: Transferring
//! payload in multiple chunks", and "… including trailing headers".

use super::canonical::sha256_hex;
use super::{Problem, signing_key};
use bytes::{Bytes, BytesMut};
use keys::Secret;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// Longest line that is not data: a size, or a trailer with its checksum.
const LINE_BYTES_MAX: usize = 512;
/// More trailers than any client sends.
const TRAILERS_MAX: usize = 8;
/// SHA-256 of nothing; chunk signatures carry it where requests carry headers.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";

/// Continues the request's signature over the chunks.
pub(super) struct ChunkSigner {
    pub key: Arc<Secret>,
    /// `YYYYMMDDThhmmssZ`.
    pub date: String,
    /// `date/region/service/aws4_request`.
    pub scope: String,
    /// Hexadecimal signature of the request, then of each chunk.
    pub previous: String,
}

impl ChunkSigner {
    /// Checks the signature of the next piece: `hashes` are what it covers.
    fn check(&mut self, kind: &str, hashes: &str, signature: &[u8], what: &str) -> Result<(), Problem> {
        let text = format!("{kind}\n{}\n{}\n{}\n{hashes}", self.date, self.scope, self.previous);
        let expected = hex::encode(signing_key::sign(&self.key, &text));
        if bool::from(expected.as_bytes().ct_eq(signature)) {
            self.previous = expected;
            return Ok(());
        }
        Err(Problem::body(format!("the signature of {what} is not the one we calculate")))
    }
}

/// A decoded body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub data: Bytes,
    /// Names in lower case, without the trailers' own signature.
    pub trailers: Vec<(String, String)>,
}

/// Decodes a whole body. `signer` is there if the chunks are signed, `trailer` tells whether trailers were announced.
/// Errors: [`Problem::Body`] for framing that is wrong or a signature that does not match.
pub(super) fn decode(
    body: &Bytes,
    mut signer: Option<ChunkSigner>,
    trailer: bool,
) -> Result<Decoded, Problem> {
    let mut reader = Reader { rest: body.clone() };
    let mut data = BytesMut::with_capacity(body.len());
    let mut index = 0usize;
    loop {
        let (size, signature) = chunk_head(&reader.line()?, signer.is_some())?;
        let chunk = reader.take(size)?;
        if let Some(signer) = &mut signer {
            let hashes = format!("{EMPTY}\n{}", sha256_hex(&chunk));
            let signature = signature.unwrap_or_default();
            signer.check("AWS4-HMAC-SHA256-PAYLOAD", &hashes, &signature, &format!("chunk {index}"))?;
        }
        if size == 0 {
            break;
        }
        reader.line_end()?;
        data.extend_from_slice(&chunk);
        index += 1;
    }
    let trailers = if trailer { trailers(&mut reader, signer.as_mut())? } else { Vec::new() };
    // Some clients leave out the last line end.
    if !reader.rest.is_empty() {
        reader.line_end()?;
    }
    if !reader.rest.is_empty() {
        return Err(Problem::body("there is data after the last chunk"));
    }
    Ok(Decoded { data: data.freeze(), trailers })
}

/// Reads `<hex size>[;chunk-signature=<64 hex>]`.
fn chunk_head(line: &[u8], signed: bool) -> Result<(usize, Option<Bytes>), Problem> {
    let bad = || Problem::body("a chunk does not begin with its size and, if signed, its signature");
    let line = std::str::from_utf8(line).map_err(|_| bad())?;
    let (size, extension) = line.split_once(';').map_or((line, None), |(size, rest)| (size, Some(rest)));
    // Eight digits are 4 GiB, far beyond any body we take.
    let plain = (1..=8).contains(&size.len()) && size.bytes().all(|b| b.is_ascii_hexdigit());
    let size = if plain { usize::from_str_radix(size, 16).map_err(|_| bad())? } else { return Err(bad()) };
    match (signed, extension.and_then(|rest| rest.strip_prefix("chunk-signature="))) {
        (true, Some(signature)) => Ok((size, Some(Bytes::copy_from_slice(signature.as_bytes())))),
        (false, None) if extension.is_none() => Ok((size, None)),
        _ => Err(bad()),
    }
}

/// Reads trailers up to the empty line and checks their signature. What is signed is each `name:value\n`.
fn trailers(reader: &mut Reader, signer: Option<&mut ChunkSigner>) -> Result<Vec<(String, String)>, Problem> {
    let mut found = Vec::new();
    let mut signature = None;
    while !reader.rest.is_empty() && !reader.rest.starts_with(b"\r\n") {
        let line = reader.line()?;
        let text = std::str::from_utf8(&line).map_err(|_| Problem::body("a trailer is not UTF-8"))?;
        let (name, value) = text.split_once(':').ok_or_else(|| Problem::body("a trailer has no colon"))?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_owned());
        if name == TRAILER_SIGNATURE {
            signature = Some(value);
        } else if signature.is_some() || found.len() == TRAILERS_MAX {
            return Err(Problem::body("there are trailers after their signature, or too many"));
        } else {
            found.push((name, value));
        }
    }
    if let Some(signer) = signer {
        let covered: String = found.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let signature = signature.ok_or_else(|| Problem::body("the trailers are not signed"))?;
        let hashes = sha256_hex(covered.as_bytes());
        signer.check("AWS4-HMAC-SHA256-TRAILER", &hashes, signature.as_bytes(), "the trailers")?;
    }
    Ok(found)
}

struct Reader {
    rest: Bytes,
}

impl Reader {
    /// The bytes up to the next CR LF, which is skipped.
    fn line(&mut self) -> Result<Bytes, Problem> {
        let end = self.rest.windows(2).take(LINE_BYTES_MAX).position(|pair| pair == b"\r\n");
        let end =
            end.ok_or_else(|| Problem::body("a line of the chunked body does not end, or is too long"))?;
        let line = self.rest.split_to(end);
        self.line_end()?;
        Ok(line)
    }

    fn take(&mut self, count: usize) -> Result<Bytes, Problem> {
        if count > self.rest.len() {
            return Err(Problem::body("the chunked body ends inside a chunk"));
        }
        Ok(self.rest.split_to(count))
    }

    fn line_end(&mut self) -> Result<(), Problem> {
        if !self.rest.starts_with(b"\r\n") {
            return Err(Problem::body("a chunk is longer or shorter than it says"));
        }
        let _ = self.rest.split_to(2);
        Ok(())
    }
}
