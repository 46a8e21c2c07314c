//! Fixed newstyle negotiation.
//!
//! ```text
//!  server  "NBDMAGIC" "IHAVEOPT" flags u16            client  flags u32
//!  client  "IHAVEOPT" option u32 length u32 data      server  0x0003e889045565a9 option u32 type u32 length u32 data   …
//!  … until GO (or EXPORT_NAME) succeeds: transmission; or ABORT: the end
//! ```
//! An option we do not know, or that is wrong, is answered with an error and negotiation goes on.
//!
//! Where TLS is required (the protocol's mode FORCEDTLS), STARTTLS is the first option that is answered. What was agreed on before
//! is forgotten, and bytes that came with STARTTLS but outside of TLS end the connection: somebody put them there.

pub(crate) mod meta;
mod option;
mod secure;

use crate::exports::{Exports, Found};
use crate::receive::Channel;
use crate::socket::Wire;
use option::{Ask, Opt, Rejected};
use std::io;

const HELLO: &[u8; 16] = b"NBDMAGICIHAVEOPT";
const OPTION_MAGIC: &[u8; 8] = b"IHAVEOPT";
const REPLY_MAGIC: u64 = 0x0003_e889_0455_65a9;
/// Handshake flags, the same numbers from both sides: fixed newstyle, no zeroes.
const FIXED_NEWSTYLE: u16 = 1;
const NO_ZEROES: u16 = 2;

/// Longest option data that is looked at. The longest sensible one is a list of metadata contexts with an export name of
/// at most 4,096 bytes.
const OPTION_BYTES_MAX: u32 = 64 << 10;
/// Longer option data is skipped and refused; beyond this the connection is closed.
const OPTION_SKIP_MAX: u32 = 16 << 20;
/// Options of one negotiation. Real clients send fewer than ten.
const OPTIONS_MAX: usize = 128;

/// Block sizes we announce: any byte may be addressed; whole 4 KiB units are fastest.
const BLOCK_MIN: u32 = 1;
const BLOCK_PREFERRED: u32 = 4096;
/// Longest payload of one request: what every client supports without asking ("Block size constraints").
pub(crate) const PAYLOAD_MAX: u32 = 32 << 20;

/// What server and client agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// Structured replies.
    pub structured: bool,
    /// Block status has the context `base:allocation`.
    pub allocation: bool,
}

/// Types of option replies.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Reply {
    Ack = 1,
    Server = 2,
    Info = 3,
    MetaContext = 4,
    Unsupported = (1 << 31) + 1,
    Invalid = (1 << 31) + 3,
    TlsRequired = (1 << 31) + 5,
    Unknown = (1 << 31) + 6,
    TooBig = (1 << 31) + 9,
}

/// The exports that this server has, and what the client chose so far.
struct Negotiation<'a, W> {
    channel: &'a mut Channel<W>,
    exports: &'a dyn Exports,
    zeroes: bool,
    structured: bool,
    /// The export name under which `base:allocation` was chosen; it holds for that name only.
    allocation_for: Option<Vec<u8>>,
}

/// What an option leads to.
enum Next {
    Option,
    Transmission(Agreed, String),
    End,
}

/// Negotiates; returns what was agreed on and the name of the export. `None`: the client ended it in order. Errors: the client broke the protocol, or the connection broke.
pub(crate) fn negotiate<W: Wire>(
    channel: &mut Channel<W>,
    exports: &dyn Exports,
) -> io::Result<Option<(Agreed, String)>> {
    channel.replies.put(HELLO)?;
    channel.replies.put(&(FIXED_NEWSTYLE | NO_ZEROES).to_be_bytes())?;
    let flags = u32::from_be_bytes(channel.take_array()?);
    if flags & !u32::from(FIXED_NEWSTYLE | NO_ZEROES) != 0 {
        return Err(broken("unknown client flags"));
    }
    let zeroes = flags & u32::from(NO_ZEROES) == 0;
    let mut negotiation = Negotiation { channel, exports, zeroes, structured: false, allocation_for: None };
    for _ in 0..OPTIONS_MAX {
        if !negotiation.channel.wait_for(16)? {
            return Ok(None);
        }
        match negotiation.option()? {
            Next::Option => {}
            Next::Transmission(agreed, name) => return Ok(Some((agreed, name))),
            Next::End => return Ok(None),
        }
    }
    Err(broken("too many options"))
}

fn broken(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl<W: Wire> Negotiation<'_, W> {
    /// Receives one option and answers it.
    fn option(&mut self) -> io::Result<Next> {
        if self.channel.take_array()? != *OPTION_MAGIC {
            return Err(broken("no option magic"));
        }
        let code = u32::from_be_bytes(self.channel.take_array()?);
        let len = u32::from_be_bytes(self.channel.take_array()?);
        if len > OPTION_SKIP_MAX {
            return Err(broken("an option of absurd length"));
        }
        if len > OPTION_BYTES_MAX {
            self.channel.skip(len.into())?;
            // EXPORT_NAME has no way to say no but to hang up.
            return if code == option::EXPORT_NAME {
                Err(broken("an export name of absurd length"))
            } else {
                self.reply(code, Reply::TooBig, &[]).map(|()| Next::Option)
            };
        }
        let data = self.channel.take(len as usize)?.to_vec();
        if let Some(next) = self.before_tls(code, &data)? {
            return Ok(next);
        }
        match option::parse(code, &data) {
            Ok(ask) => self.answer(code, ask),
            Err(Rejected::Unsupported) => self.reply(code, Reply::Unsupported, &[]).map(|()| Next::Option),
            Err(Rejected::Invalid) => self.reply(code, Reply::Invalid, &[]).map(|()| Next::Option),
        }
    }

    fn answer(&mut self, code: u32, ask: Ask<'_>) -> io::Result<Next> {
        match ask {
            Ask::ExportName(name) => match self.exports.find(name) {
                Some(found) => return self.enter_by_name(name, found),
                None => return Err(broken("EXPORT_NAME asks for an unknown export")),
            },
            Ask::Abort => {
                self.reply(code, Reply::Ack, &[])?;
                return Ok(Next::End);
            }
            Ask::List => {
                for name in self.exports.names() {
                    let name = name.as_bytes();
                    let entry = [(name.len() as u32).to_be_bytes().as_slice(), name].concat();
                    self.reply(code, Reply::Server, &entry)?;
                }
                self.reply(code, Reply::Ack, &[])?;
            }
            Ask::StructuredReply => {
                self.structured = true;
                self.reply(code, Reply::Ack, &[])?;
            }
            Ask::About { opt, name, infos } => {
                let Some(found) = self.exports.find(name) else {
                    return self.reply(code, Reply::Unknown, &[]).map(|()| Next::Option);
                };
                self.describe(code, &found, &infos)?;
                self.reply(code, Reply::Ack, &[])?;
                if opt == Opt::Go {
                    return Ok(Next::Transmission(self.agreed(name), found.name));
                }
            }
            Ask::MetaContext { opt, name, queries } => match self.exports.find(name) {
                Some(_) => self.meta_context(code, opt, name, &queries)?,
                None => self.reply(code, Reply::Unknown, &[])?,
            },
        }
        Ok(Next::Option)
    }

    fn agreed(&self, name: &[u8]) -> Agreed {
        let allocation = self.allocation_for.as_deref() == Some(name);
        Agreed { structured: self.structured, allocation: self.structured && allocation }
    }

    /// The old way in: size and flags without a reply header, and 124 zeroes unless the client waived them.
    fn enter_by_name(&mut self, name: &[u8], found: Found) -> io::Result<Next> {
        let (size, flags) = (found.size.to_be_bytes(), self.transmission_flags().to_be_bytes());
        self.channel.replies.put(&size)?;
        self.channel.replies.put(&flags)?;
        if self.zeroes {
            self.channel.replies.put(&[0; 124])?;
        }
        Ok(Next::Transmission(self.agreed(name), found.name))
    }

    /// Export and block sizes always, name and description if asked.
    fn describe(&mut self, code: u32, found: &Found, infos: &[u16]) -> io::Result<()> {
        let mut export = option::INFO_EXPORT.to_be_bytes().to_vec();
        export.extend(found.size.to_be_bytes());
        export.extend(self.transmission_flags().to_be_bytes());
        self.reply(code, Reply::Info, &export)?;
        if infos.contains(&option::INFO_NAME) {
            let name = [option::INFO_NAME.to_be_bytes().as_slice(), found.name.as_bytes()].concat();
            self.reply(code, Reply::Info, &name)?;
        }
        let mut sizes = option::INFO_BLOCK_SIZE.to_be_bytes().to_vec();
        [BLOCK_MIN, BLOCK_PREFERRED, PAYLOAD_MAX].iter().for_each(|size| sizes.extend(size.to_be_bytes()));
        self.reply(code, Reply::Info, &sizes)
    }

    fn transmission_flags(&self) -> u16 {
        const HAS_FLAGS: u16 = 1 << 0;
        const SEND_FLUSH: u16 = 1 << 2;
        const SEND_FUA: u16 = 1 << 3;
        const SEND_TRIM: u16 = 1 << 5;
        const SEND_WRITE_ZEROES: u16 = 1 << 6;
        const SEND_DF: u16 = 1 << 7;
        const CAN_MULTI_CONN: u16 = 1 << 8;
        const SEND_CACHE: u16 = 1 << 10;
        const SEND_FAST_ZERO: u16 = 1 << 11;
        let always = HAS_FLAGS | SEND_FLUSH | SEND_FUA | SEND_TRIM | SEND_WRITE_ZEROES;
        // Every connection writes to the one volume, and a flush on any of them flushes all of it.
        let always = always | CAN_MULTI_CONN | SEND_CACHE | SEND_FAST_ZERO;
        // "Don't fragment" means nothing to a client without structured replies and must not be offered to it.
        if self.structured { always | SEND_DF } else { always }
    }

    fn reply(&mut self, option: u32, kind: Reply, data: &[u8]) -> io::Result<()> {
        let mut head = [0; 20];
        head[..8].copy_from_slice(&REPLY_MAGIC.to_be_bytes());
        head[8..12].copy_from_slice(&option.to_be_bytes());
        head[12..16].copy_from_slice(&(kind as u32).to_be_bytes());
        head[16..].copy_from_slice(&(data.len() as u32).to_be_bytes());
        self.channel.make_room(head.len() + data.len())?;
        self.channel.replies.put(&head)?;
        self.channel.replies.put(data)
    }
}

#[cfg(test)]
mod tests;
