//! Metadata contexts. We have one: `base:allocation`, the kind of each extent.

use super::option::Opt;
use super::{Negotiation, Reply};
use crate::socket::Wire;
use std::io;

const ALLOCATION: &[u8] = b"base:allocation";
/// Our number for `base:allocation`; any will do.
pub(crate) const ALLOCATION_ID: u32 = 1;

impl<W: Wire> Negotiation<'_, W> {
    /// Answers LIST_META_CONTEXT and SET_META_CONTEXT for our export.
    pub(super) fn meta_context(
        &mut self,
        code: u32,
        opt: Opt,
        name: &[u8],
        queries: &[&[u8]],
    ) -> io::Result<()> {
        if !self.structured {
            return self.reply(code, Reply::Invalid, &[]);
        }
        let found = match opt {
            // No query lists everything; "base:" lists that namespace.
            Opt::ListMeta => queries.is_empty() || queries.iter().any(|q| *q == ALLOCATION || *q == b"base:"),
            _ => queries.contains(&ALLOCATION),
        };
        if opt == Opt::SetMeta {
            // Replaces whatever was chosen before, also by choosing nothing.
            self.allocation_for = found.then(|| name.to_vec());
        }
        if found {
            // The number means something in the answer to SET only; in a list it is 0.
            let id = if opt == Opt::SetMeta { ALLOCATION_ID } else { 0 };
            self.reply(code, Reply::MetaContext, &[id.to_be_bytes().as_slice(), ALLOCATION].concat())?;
        }
        self.reply(code, Reply::Ack, &[])
    }
}
