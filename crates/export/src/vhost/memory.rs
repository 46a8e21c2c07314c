//! The guest's memory, mapped into this process.
//!
//! The front-end hands over files and says where in the guest's address space each lies. Everything that a guest names is
//! an address in that space and is looked up here: what is not wholly inside is refused. The guest goes on writing its memory
//! while we read it, so nothing is ever read twice or referred to by a Rust reference; slices here only copy. A file
//! that is shortened after it was handed over would kill this process with SIGBUS, so it is sealed against that. Known gap: a
//! front-end (not its guest) can hand over a file that cannot be sealed, and shorten it.

use std::fs::File;
use std::io::{self, ErrorKind};
use vhost::vhost_user::message::VhostUserMemoryRegion;
use vm_memory::{
    FileOffset, GuestAddress, GuestMemoryBackend, GuestMemoryMmap, GuestRegionMmap, MmapRegion, VolatileSlice,
};

/// Bytes of the guest's memory.
pub(crate) type Slice<'m> = VolatileSlice<'m, ()>;

/// One table of memory regions.
pub(crate) struct GuestMemory {
    map: GuestMemoryMmap,
    /// Rings are named by addresses of the front-end's own process; each region says how its own begin.
    windows: Vec<Window>,
}

struct Window {
    front_end: u64,
    guest: u64,
    len: u64,
}

impl GuestMemory {
    /// Maps the regions of SET_MEM_TABLE.
    pub fn map(regions: &[VhostUserMemoryRegion], files: Vec<File>) -> io::Result<GuestMemory> {
        let (mut mapped, mut windows) = (Vec::new(), Vec::new());
        for (region, file) in regions.iter().zip(files) {
            let (guest, len, offset) = (region.guest_phys_addr, region.memory_size, region.mmap_offset);
            // Before its length is looked at. Files that cannot be sealed are taken all the same: hypervisors use some.
            env::forbid_shrinking(&file);
            // Behind the end of the file there is no memory: touching it would kill us.
            let about = file.metadata()?;
            if !about.is_file() || offset.checked_add(len).is_none_or(|end| end > about.len()) {
                return Err(invalid("a memory region is not inside its file"));
            }
            let size = usize::try_from(len).map_err(|_| invalid("a memory region is too large"))?;
            let map = MmapRegion::from_file(FileOffset::new(file, offset), size).map_err(io::Error::other)?;
            let map = GuestRegionMmap::new(map, GuestAddress(guest))
                .ok_or_else(|| invalid("a memory region passes the end of the address space"))?;
            mapped.push(map);
            windows.push(Window { front_end: region.user_addr, guest, len });
        }
        // The table need not be in order of addresses.
        mapped.sort_by_key(vm_memory::GuestMemoryRegion::start_addr);
        let map = GuestMemoryMmap::from_regions(mapped).map_err(io::Error::other)?;
        Ok(GuestMemory { map, windows })
    }

    /// Memory of this process at guest address 0, for tests and fuzzers.
    pub fn anonymous(size: usize) -> io::Result<GuestMemory> {
        let map = GuestMemoryMmap::from_ranges(&[(GuestAddress(0), size)]).map_err(io::Error::other)?;
        Ok(GuestMemory { map, windows: vec![Window { front_end: 0, guest: 0, len: size as u64 }] })
    }

    /// The guest address of an address in the front-end's process.
    pub fn guest_address(&self, front_end: u64) -> Option<u64> {
        self.windows.iter().find_map(|window| {
            let offset = front_end.checked_sub(window.front_end)?;
            (offset < window.len).then(|| window.guest.checked_add(offset))?
        })
    }

    /// Bytes that lie in one region.
    pub fn slice(&self, guest: u64, len: usize) -> Option<Slice<'_>> {
        self.map.get_slice(GuestAddress(guest), len).ok()
    }

    /// Bytes that may lie in several regions that meet. `false`: not all of them are memory; some may have been added.
    pub fn slices<'m>(&'m self, guest: u64, len: usize, into: &mut Vec<Slice<'m>>) -> bool {
        for slice in self.map.get_slices(GuestAddress(guest), len) {
            match slice {
                Ok(slice) => into.push(slice),
                Err(_) => return false,
            }
        }
        true
    }
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why)
}
