//! STARTTLS, and what is refused before it ("The NBD protocol", section "TLS support", mode FORCEDTLS).

use super::{Negotiation, Next, Reply, broken, option};
use crate::socket::{Security, Wire};
use std::io;

impl<W: Wire> Negotiation<'_, W> {
    /// Answers an option that TLS decides about; `None`: it is none of those.
    pub(super) fn before_tls(&mut self, code: u32, data: &[u8]) -> io::Result<Option<Next>> {
        let refusal = match (self.channel.stream().security(), code) {
            (Security::Plain, _) => return Ok(None),
            // A second one would ask for TLS inside TLS.
            (Security::Tls, option::STARTTLS) => Reply::Invalid,
            (Security::Tls, _) => return Ok(None),
            (Security::TlsRequired, option::STARTTLS) if data.is_empty() => {
                self.start_tls(code)?;
                return Ok(Some(Next::Option));
            }
            (Security::TlsRequired, option::STARTTLS) => Reply::Invalid,
            (Security::TlsRequired, option::ABORT) => return Ok(None),
            // It has no way to be refused but hanging up.
            (Security::TlsRequired, option::EXPORT_NAME) => {
                return Err(broken("EXPORT_NAME before TLS"));
            }
            (Security::TlsRequired, _) => Reply::TlsRequired,
        };
        self.reply(code, refusal, &[]).map(|()| Some(Next::Option))
    }

    fn start_tls(&mut self, code: u32) -> io::Result<()> {
        // A client waits for our answer before it says anything in TLS. What is here already came from somebody in between, who
        // would have it taken for the client's own words (CVE-2021-3716 and its kind).
        if !self.channel.is_drained() {
            return Err(broken("bytes behind STARTTLS and before TLS"));
        }
        self.reply(code, Reply::Ack, &[])?;
        self.channel.send()?;
        self.channel.stream().start_tls()?;
        // The client's flags stay; options it sent outside of TLS were refused, so this is what it already is.
        (self.structured, self.allocation_for) = (false, None);
        Ok(())
    }
}

#[cfg(test)]
#[path = "secure_tests.rs"]
mod tests;
