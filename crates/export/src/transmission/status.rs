//! BLOCK_STATUS: which parts of a range hold data.

use super::Service;
use super::request::Request;
use crate::errno::Errno;
use crate::handshake::meta::ALLOCATION_ID;
use crate::socket::Wire;
use std::io;
use volume::ExtentKind;

/// Extents of one reply; 32 KiB. The client asks again for the rest.
const EXTENTS_MAX: usize = 4096;
/// Flags of `base:allocation`.
const HOLE: u32 = 1;
const ZERO: u32 = 2;

impl<W: Wire> Service<'_, W> {
    pub(super) fn block_status(&mut self, request: &Request, one: bool) -> io::Result<()> {
        let max = if one { 1 } else { EXTENTS_MAX };
        let extents = match self.volume.extents(request.offset, request.length.into(), max) {
            Ok(extents) => extents,
            Err(error) => return self.refuse(request, Errno::of(&error)),
        };
        self.channel.make_room(24 + 8 * extents.len())?;
        let replies = &mut self.channel.replies;
        replies.status_head(request.cookie, ALLOCATION_ID, extents.len() as u32)?;
        for extent in extents {
            let flags = match extent.kind {
                ExtentKind::Data => 0,
                ExtentKind::Zero { hole: true } => HOLE | ZERO,
                ExtentKind::Zero { hole: false } => ZERO,
            };
            // Not longer than the range, whose length has 32 bits.
            replies.put(&(extent.len as u32).to_be_bytes())?;
            replies.put(&flags.to_be_bytes())?;
        }
        Ok(())
    }
}
