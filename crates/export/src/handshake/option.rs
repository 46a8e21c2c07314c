//! Option data, parsed. Any bytes may come; none panic.
//!
//! ```text
//!  EXPORT_NAME    name (the whole data)
//!  INFO, GO       name length u32, name, count u16, count x information u16
//!  LIST_META_…    name length u32, name, count u32, count x { query length u32, query }
//!  SET_META_…     the same
//! ```

pub(super) const EXPORT_NAME: u32 = 1;
pub(super) const ABORT: u32 = 2;
pub(super) const STARTTLS: u32 = 5;
pub(super) const INFO_EXPORT: u16 = 0;
pub(super) const INFO_NAME: u16 = 1;
pub(super) const INFO_BLOCK_SIZE: u16 = 3;

/// Longest string of the protocol ("Values": 4,096 bytes).
const STRING_MAX: u32 = 4096;
/// Queries of one list; our only context needs one.
const QUERIES_MAX: u32 = 1024;

/// Twins that share a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opt {
    Info,
    Go,
    ListMeta,
    SetMeta,
}

/// What the client asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ask<'a> {
    ExportName(&'a [u8]),
    Abort,
    List,
    StructuredReply,
    /// INFO or GO.
    About {
        opt: Opt,
        name: &'a [u8],
        infos: Vec<u16>,
    },
    MetaContext {
        opt: Opt,
        name: &'a [u8],
        queries: Vec<&'a [u8]>,
    },
}

/// Why an option is not answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rejected {
    /// Unknown, or known and not offered: EXTENDED_HEADERS, PEEK_EXPORT, and STARTTLS where there is no TLS.
    Unsupported,
    /// The data is not what the option has.
    Invalid,
}

pub(super) fn parse(code: u32, data: &[u8]) -> Result<Ask<'_>, Rejected> {
    let without_data = |ask| if data.is_empty() { Ok(ask) } else { Err(Rejected::Invalid) };
    match code {
        EXPORT_NAME => Ok(Ask::ExportName(data)),
        // "ABORT: the server ignores data."
        ABORT => Ok(Ask::Abort),
        3 => without_data(Ask::List),
        6 => about(Opt::Info, data).ok_or(Rejected::Invalid),
        7 => about(Opt::Go, data).ok_or(Rejected::Invalid),
        8 => without_data(Ask::StructuredReply),
        9 => meta_context(Opt::ListMeta, data).ok_or(Rejected::Invalid),
        10 => meta_context(Opt::SetMeta, data).ok_or(Rejected::Invalid),
        _ => Err(Rejected::Unsupported),
    }
}

fn about(opt: Opt, data: &[u8]) -> Option<Ask<'_>> {
    let (name, rest) = string(data)?;
    let (count, rest) = rest.split_first_chunk()?;
    let (infos, []) = rest.as_chunks() else { return None };
    if infos.len() != usize::from(u16::from_be_bytes(*count)) {
        return None;
    }
    Some(Ask::About { opt, name, infos: infos.iter().map(|info| u16::from_be_bytes(*info)).collect() })
}

fn meta_context(opt: Opt, data: &[u8]) -> Option<Ask<'_>> {
    let (name, rest) = string(data)?;
    let (count, mut rest) = rest.split_first_chunk()?;
    let count = u32::from_be_bytes(*count);
    if count > QUERIES_MAX {
        return None;
    }
    let mut queries = Vec::new();
    for _ in 0..count {
        let (query, tail) = string(rest)?;
        queries.push(query);
        rest = tail;
    }
    rest.is_empty().then_some(Ask::MetaContext { opt, name, queries })
}

/// A string after its length, and what follows.
fn string(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = data.split_first_chunk()?;
    let len = u32::from_be_bytes(*len);
    if len > STRING_MAX {
        return None;
    }
    rest.split_at_checked(len as usize)
}
